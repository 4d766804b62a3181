import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { post, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { writeModelFolder } from '#test/support/model-folders.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'modelyard-versions-'));
const PATIENCE = { timeout: 20_000, interval: 100 };

let system: EmbeddedSystem;
beforeAll(async () => {
  writeModelFolder(FOLDER, {
    ...{ folder: 'churn', manifest: { name: 'churn' }, contract: 'probe', prefix: 'Probe' },
    predict: 'return { attempt: 1 };',
  });
  writeModelFolder(FOLDER, {
    ...{ folder: 'churn_v2', manifest: { name: 'churn', version: 2 }, contract: 'tally_json', prefix: 'Tally' },
    predict: 'return { total: 2 };',
  });
  system = await EmbeddedSystem.start({ environment: { MODELYARD_MODELS_PATH: FOLDER } });
  for (const name of ['churn@1', 'churn@2']) {
    await vi.waitFor(
      async () => expect(await (await system.fetch(`/models/${name}`)).json()).toMatchObject({ live_instances: 1 }),
      PATIENCE,
    );
  }
}, 60_000);
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  rmSync(FOLDER, { recursive: true, force: true });
});

const predict = async (name: string, headers = {}): Promise<TaskBody & { readonly model: string }> =>
  (await post(system, `/predict/${name}`, {}, headers)).json() as never;

const moveDefault = (body: unknown, name = 'churn') =>
  system.fetch(`/models/${name}`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('two contract versions of a model', () => {
  it('are served beside each other, and the bare name is the first one', async () => {
    expect(await predict('churn')).toMatchObject({ model: 'churn', result: { attempt: 1 } });
    expect(await predict('churn@1')).toMatchObject({ model: 'churn', result: { attempt: 1 } });
    expect(await predict('churn@2')).toMatchObject({ model: 'churn@2', result: { total: 2 } });
    expect(await predict('churn%402')).toMatchObject({ model: 'churn@2', result: { total: 2 } });
  });

  it('are listed and documented by their names in URLs', async () => {
    const { models } = (await (await system.fetch('/models')).json()) as { models: readonly { name: string }[] };
    const { paths } = (await (await system.fetch('/openapi.json')).json()) as { paths: object };
    const instances = await (await system.fetch('/models/churn@2/instances')).json();

    expect(models).toContainEqual(expect.objectContaining({ name: 'churn', contract_version: 1, default_version: 1 }));
    expect(models).toContainEqual(expect.objectContaining({ name: 'churn@2', contract_version: 2 }));
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/predict/churn', '/predict/churn@2']));
    expect(instances).toMatchObject({ instances: [{ id: 'churn_v2-1', model: 'churn@2', state: 'ready' }] });
  });

  it('have tasks, queues and idempotency keys of their own', async () => {
    const key = { 'Idempotency-Key': 'once' };
    const [first, second, again] = [
      await predict('churn@1', key),
      await predict('churn@2', key),
      await predict('churn@2', key),
    ];
    const statusOf = async (name: string) => (await system.fetch(`/models/${name}/tasks/${second.id}`)).status;

    expect(second.id).not.toBe(first.id);
    expect(again.id).toBe(second.id);
    expect([await statusOf('churn@2'), await statusOf('churn'), await statusOf('churn@1')]).toEqual([200, 200, 404]);
  });

  it.each(['churn@3', 'churn@0', 'churn@', 'churn_v2', 'churn@2@2'])('answers 404 for %s', async (name) => {
    expect((await post(system, `/predict/${name}`, {})).status).toBe(404);
  });

  it('change their default by an operator', async () => {
    const moved = await moveDefault({ default_version: 2 });

    expect([moved.status, await moved.json()]).toEqual([200, { name: 'churn', default_version: 2 }]);
    await vi.waitFor(async () => expect(await predict('churn')).toMatchObject({ model: 'churn@2' }), PATIENCE);
    expect(await predict('churn@1')).toMatchObject({ model: 'churn' });
    expect((await moveDefault({ default_version: 1 })).status).toBe(200);
    await vi.waitFor(async () => expect(await predict('churn')).toMatchObject({ model: 'churn' }), PATIENCE);
  });

  it.each([
    [{ default_version: 7 }, 'churn', 422],
    [{ default_version: '2' }, 'churn', 422],
    [{}, 'churn', 422],
    [{ default_version: 2 }, 'churn@1', 404],
    [{ default_version: 2 }, 'nothing', 404],
  ])('refuse %j for %s with %i', async (body, name, status) => {
    expect((await moveDefault(body, name)).status).toBe(status);
  });
});
