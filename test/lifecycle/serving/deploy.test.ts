import { beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import { orderOf, storeTrainingSet } from '#test/lifecycle/training/support.ts';

const lifecycles = useLifecycle();
const MODEL = 'rates';

describe('a deployment', () => {
  let lifecycle: Lifecycle;
  let hash: string;

  const train = (more: JsonObject = {}) => lifecycles.run(lifecycle, 'training', 'train', orderOf(hash, more));
  const deploy = (version: unknown, more: JsonObject = {}) =>
    lifecycles.run(lifecycle, 'serving', 'deploy', { model: MODEL, version: String(version), ...more });
  const pointer = async () => (await lifecycle.platform.registry.readModel(MODEL))?.deployment?.version;
  const champion = async () =>
    (await lifecycle.ask('training', 'version', { model: MODEL, version: 'champion' })).version;

  beforeAll(async () => {
    lifecycle = await lifecycles.open();
    hash = await storeTrainingSet(lifecycle);
    const contracts = [{ hash: 'h', requestMessage: 'a.Q', responseMessage: 'a.A' }];
    const limits = { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 1, acceptWhenAsleep: true };
    const model = { name: MODEL, description: 'Rates.', variants: [], limits, contracts, version: 1 };
    await lifecycle.platform.registry.writeModel(model);
  });

  it('of the first version points instances and the alias champion to it', async () => {
    const { version, artifact } = await train();

    const deployed = await deploy(version);

    expect(deployed).toMatchObject({ state: 'deployed', version: '1', previous: null });
    expect(await pointer()).toBe('1');
    expect(await champion()).toBe('1');
    expect((await lifecycle.platform.registry.readModel(MODEL))?.deployment?.artifact).toBe(artifact);
  });

  it('is refused with reasons for a version that is worse than the deployed one', async () => {
    const { version } = await train({ params: { alpha: 10_000 } });

    const refused = await deploy(version);

    expect(refused.state).toBe('refused');
    expect(refused.reasons).toContainEqual(expect.stringMatching(/is not lower than .* of the deployed version/));
    expect(await pointer()).toBe('1');
  });

  it('can be forced, and rolled back by one call', async () => {
    const forced = await deploy('2', { force: true });
    const seen = await pointer();

    const back = await lifecycles.run(lifecycle, 'serving', 'roll-back', { model: MODEL });

    expect(forced).toMatchObject({ state: 'deployed', previous: '1' });
    expect(seen).toBe('2');
    expect(back).toMatchObject({ kind: 'rollback', version: '1' });
    expect(await pointer()).toBe('1');
    expect(await champion()).toBe('1');
  });

  it('of an unknown version is refused', async () => {
    await expect(deploy('99')).rejects.toMatchObject({ code: 'resource_not_found' });
  });

  it('is decided once by a task that runs twice', async () => {
    const run = { taskId: 'again', attempt: 1, owner: 'someone', signal: new AbortController().signal };

    const first = await lifecycle.perform('serving.deploy', { model: MODEL, version: '1', force: true }, run);
    const second = await lifecycle.perform('serving.deploy', { model: MODEL, version: '1', force: true }, run);

    expect(second).toEqual(first);
  });
});
