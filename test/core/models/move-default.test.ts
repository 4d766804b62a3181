import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryModelRegistry } from '#adapters/memory/index.ts';
import { moveDefaultVersion } from '#core';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aModel } from '#test/support/registry.ts';

let registry: MemoryModelRegistry;
beforeEach(async () => {
  registry = new MemoryModelRegistry(new ManualClock());
  await registry.writeModel(aModel());
  await registry.writeModel(aModel({ name: 'model_a_v2' }));
});

describe('the default contract version', () => {
  it('is moved to one that has registered', async () => {
    const moved = await moveDefaultVersion(registry, { model: 'model_a', version: 2 });

    expect(moved).toEqual(aModel({ defaultVersion: 2, version: 2 }));
    expect(await registry.readModel('model_a')).toEqual(moved);
    expect(await moveDefaultVersion(registry, { model: 'model_a', version: 1 })).toMatchObject({ defaultVersion: 1 });
  });

  it('is not moved to one that has not', async () => {
    await expect(moveDefaultVersion(registry, { model: 'model_a', version: 3 })).rejects.toMatchObject({
      code: 'invalid_input',
      errors: [{ pointer: '/default_version', message: 'not a contract version that has registered' }],
    });
    await expect(moveDefaultVersion(registry, { model: 'model_b', version: 1 })).rejects.toMatchObject({
      code: 'model_not_found',
    });
    expect(await registry.readModel('model_a')).toEqual(aModel());
  });

  it.each([
    [9, 'ok'],
    [10, 'registry_unavailable'],
  ])('is moved when others were faster %i times: %s', async (faster, outcome) => {
    let races = 0;
    const racing = {
      readModel: (name: string) => registry.readModel(name),
      writeModel: async (model: Parameters<typeof registry.writeModel>[0]) => {
        races += 1;
        return races > faster && registry.writeModel(model);
      },
    };

    const result = await moveDefaultVersion(racing, { model: 'model_a', version: 2 }).then(
      () => 'ok',
      ({ code, retryable, retryAfterSeconds }) => {
        expect([retryable, retryAfterSeconds]).toEqual([true, 1]);
        return code;
      },
    );

    expect(result).toBe(outcome);
  });
});
