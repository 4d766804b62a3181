import { describe, expect, it } from 'vitest';
import { createModelDirectory, type Instance, type Model, unavailable } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { chainContract } from '#test/support/contract-chain.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aModel, anInstance } from '#test/support/registry.ts';

const CONTRACT = chainContract(1);
const { descriptorSet: _, ...ACCEPTED } = CONTRACT;

/** A directory over a registry whose reads are counted, and which may fail or say nothing. */
async function prepare({ maxOutageMs }: { readonly maxOutageMs?: number } = {}) {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock });
  await platform.contracts.put(CONTRACT);
  const state = { reads: 0, is: 'there' as 'there' | 'away' | 'silent' };
  const registry = Object.assign(Object.create(platform.registry), {
    async snapshot() {
      state.reads++;
      if (state.is === 'away') throw unavailable('registry_unavailable', 'Away.', undefined);
      if (state.is === 'silent') await new Promise(() => undefined);
      return platform.registry.snapshot();
    },
  });
  const directory = createModelDirectory({ ...platform, registry, ...(maxOutageMs ? { maxOutageMs } : {}) });
  const register = (name: string, more: Partial<Model> = {}) =>
    platform.registry.writeModel(aModel({ name, contracts: [ACCEPTED], ...more }));
  const beat = (id: string, more: Partial<Instance> = {}) => {
    const now = clock.now();
    const times = { heartbeatAt: now, expiresAt: now + 30_000 };
    return platform.registry.putInstance(anInstance({ id, contractHash: CONTRACT.hash, ...times, ...more }));
  };
  return { clock, platform, state, directory, register, beat };
}

const namesOf = (summaries: readonly { readonly model: Model }[]) => summaries.map(({ model }) => model.name);

describe('the model directory', () => {
  it('finds a model with its contract, its descriptor and its instances', async () => {
    const { directory, register, beat } = await prepare();
    await register('model_a');
    for (const state of ['ready', 'starting', 'draining'] as const) await beat(state, { state });
    await beat('of-another', { model: 'model_b' });

    const { model, contract, descriptor, serving, live } = await directory.served('model_a');

    expect([model.name, contract, descriptor]).toEqual(['model_a', ACCEPTED, CONTRACT]);
    expect(serving.map(({ id }) => id)).toEqual(['ready']);
    expect(live.map(({ id }) => id)).toEqual(['draining', 'ready', 'starting']);
  });

  it('says that a model starts for the first time, as long as it has not registered', async () => {
    const { platform, register } = await prepare();
    const instances = { isStarting: (name: string) => name !== 'model_b' };
    const directory = createModelDirectory({ ...platform, instances });
    await register('model_c');
    const refusal = { code: 'no_live_instance', retryable: true, retryAfterSeconds: 5 };

    await expect(directory.served('model_a')).rejects.toMatchObject(refusal);
    await expect(directory.served('model_b@2')).rejects.toMatchObject(refusal);
    await expect(directory.served('model_b')).rejects.toMatchObject({ code: 'model_not_found' });

    expect((await directory.known('model_c')).model.name).toBe('model_c');
  });

  it.each(['nope', 'Not A Name', ''])('knows no model named «%s»', async (name) => {
    const { directory, register } = await prepare();
    await register('model_a');
    const refusal = { code: 'model_not_found' };

    await expect(directory.served(name)).rejects.toMatchObject(refusal);
    await expect(directory.known(name)).rejects.toMatchObject(refusal);
    await expect(directory.resolve(name)).rejects.toMatchObject(refusal);
  });

  it('looks for no model whose name cannot be one', async () => {
    const { directory, state } = await prepare();

    await directory.served('Not A Name').catch(() => undefined);

    expect(state.reads).toBe(0);
  });

  it('finds a new model within half a second', async () => {
    const { clock, directory, register } = await prepare();
    await directory.served('model_a').catch(() => undefined);
    await register('model_a');
    const early = directory.served('model_a');
    await expect(early).rejects.toMatchObject({ code: 'model_not_found' });

    await clock.advance(500);

    expect((await directory.served('model_a')).model.name).toBe('model_a');
  });

  it.each([
    ['served', undefined, 5000],
    ['served', 1000, 1000],
    ['known', undefined, 500],
    ['resolve', undefined, 500],
    ['active', undefined, 5000],
    ['all', undefined, 5000],
  ] as const)('reads the registry again for %s (%s) when its answer is %i ms old', async (method, maxAgeMs, ageMs) => {
    const { clock, directory, register, state } = await prepare();
    await register('model_a');
    const ask = async () => {
      if (method === 'active' || method === 'all') await directory[method]();
      else await directory[method]('model_a', ...((maxAgeMs ? [maxAgeMs] : []) as []));
    };
    await ask();
    await clock.advance(ageMs - 1);
    await ask();
    const before = state.reads;

    await clock.advance(1);
    await ask();

    expect([before, state.reads]).toEqual([1, 2]);
  });

  it('shares one read between callers at the same time', async () => {
    const { directory, register, state } = await prepare();
    await register('model_a');

    await Promise.all([directory.all(), directory.known('model_a'), directory.served('model_a')]);

    expect(state.reads).toBe(1);
  });

  it('resolves a model by its own name, and otherwise by a variant of the first that has it', async () => {
    const { directory, register } = await prepare();
    await register('model_c', { variants: ['Fancy', 'model_a'] });
    await register('model_b', { variants: ['Plain', 'Fancy'] });
    await register('model_a');

    const resolved = await Promise.all(['model_a', 'Fancy', 'Plain'].map((name) => directory.resolve(name)));

    expect(resolved.map(({ model, variant }) => [model.name, variant])).toEqual([
      ['model_a', undefined],
      ['model_b', 'Fancy'],
      ['model_b', 'Plain'],
    ]);
    expect(resolved[0]).not.toHaveProperty('variant');
  });

  it('finds contract versions by their address, and by the bare name the default one or the lowest', async () => {
    const { directory, register, clock } = await prepare();
    for (const name of ['model_a', 'model_a_v2', 'model_b_v10', 'model_b_v9', 'model_c_v2']) await register(name);
    const found = async (address: string) => (await directory.known(address)).model.name;

    expect(await found('model_a')).toBe('model_a');
    expect(await found('model_a@1')).toBe('model_a');
    expect(await found('model_a@2')).toBe('model_a_v2');
    expect(await found('model_b')).toBe('model_b_v9');
    expect(await found('model_b@10')).toBe('model_b_v10');
    await expect(found('model_b@1')).rejects.toMatchObject({ code: 'model_not_found' });
    await expect(found('model_d')).rejects.toMatchObject({ code: 'model_not_found' });

    await register('model_a', { defaultVersion: 2, version: 2 });
    await clock.advance(5000);
    expect(await found('model_a')).toBe('model_a_v2');
    await register('model_a', { defaultVersion: 7, version: 3 });
    await clock.advance(5000);
    expect(await found('model_a')).toBe('model_a');
  });

  it('reads again while a model is starting or failing, and otherwise only what is old', async () => {
    const { directory, register, beat, state, clock } = await prepare();
    await register('model_a');
    await directory.served('model_a');
    await directory.served('model_a');
    expect(state.reads).toBe(1);

    await beat('a', { state: 'starting' });
    await clock.advance(5000);
    await directory.served('model_a');
    await clock.advance(400);
    expect((await directory.served('model_a')).serving).toEqual([]);
    await beat('a', { state: 'ready' });
    await clock.advance(600);
    expect((await directory.served('model_a')).serving).toHaveLength(1);
    const { reads } = state;
    await clock.advance(600);
    await directory.served('model_a');
    expect(state.reads).toBe(reads);
  });

  it('finds models that have never started beside those that have', async () => {
    const { directory, register, beat, clock } = await prepare();
    const failure = { reason: 'It is broken.', count: 1, lastAt: clock.now() };
    await register('model_a');
    await beat('a', { state: 'failing', failure });
    await beat('b', { model: 'model_b', state: 'failing', failure });
    await beat('b-2', { model: 'model_b', state: 'starting' });
    await beat('c', { model: 'model_c', state: 'starting' });

    expect(await directory.unstarted()).toMatchObject([
      { model: { name: 'model_b' }, failing: [{ id: 'b' }], live: [{ id: 'b-2' }], failure },
    ]);
    expect(await directory.started('model_a')).toMatchObject({ failing: [{ id: 'a' }], live: [], failure });
    expect(await directory.started('model_b')).toMatchObject({ failing: [{ id: 'b' }] });
    await expect(directory.started('model_c')).rejects.toMatchObject({ code: 'model_not_found' });
    await expect(directory.started('not a name')).rejects.toMatchObject({ code: 'model_not_found' });
    expect(namesOf(await directory.active())).toEqual(['model_a']);
    expect((await directory.registered()).map(({ model }) => model.name)).toEqual(['model_a']);
  });

  it('lists models by name: all, or those with a ready instance', async () => {
    const { directory, register, beat } = await prepare();
    for (const name of ['model_c', 'model_a', 'model_b']) await register(name);
    await beat('1', { model: 'model_c' });
    await beat('2', { model: 'model_a' });
    await beat('3', { model: 'model_b', state: 'starting' });

    expect(namesOf(await directory.all())).toEqual(['model_a', 'model_b', 'model_c']);
    expect(namesOf(await directory.active())).toEqual(['model_a', 'model_c']);
  });

  it('lists a model without the depth of a queue that is away', async () => {
    const { platform, directory, register } = await prepare();
    await register('model_a');
    await register('model_b');
    await platform.queues('model_a').send({ body: Uint8Array.of(1) });
    platform.queues('model_b').reachable = false;

    const [a, b] = await directory.all();

    expect(a?.depth).toEqual({ visible: 1, inFlight: 0, delayed: 0, deadLetters: 0 });
    expect(b?.depth).toBeUndefined();
  });

  it('keeps the depth of a queue for five seconds', async () => {
    const { clock, platform, directory, register } = await prepare();
    await register('model_a');
    const visible = async () => (await directory.all())[0]?.depth?.visible;
    await visible();
    await platform.queues('model_a').send({ body: Uint8Array.of(1) });

    await clock.advance(4999);
    const before = await visible();
    await clock.advance(1);

    expect([before, await visible()]).toEqual([0, 1]);
  });

  it('tells when the contract of a model is not kept, or when it has none', async () => {
    const { directory, register } = await prepare();
    await register('model_a', { contracts: [{ ...ACCEPTED, hash: 'unknown' }] });
    await register('model_b', { contracts: [] });

    await expect(directory.served('model_a')).rejects.toMatchObject({ code: 'registry_unavailable' });
    await expect(directory.known('model_b')).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('while the registry is unavailable', () => {
  it('the last answer holds for a minute, with the instances that were alive then', async () => {
    const { clock, directory, register, beat, state } = await prepare();
    await register('model_a');
    await beat('1');
    await directory.all();
    state.is = 'away';

    await clock.advance(60_000);
    const { serving } = await directory.served('model_a');
    await clock.advance(1);

    expect(serving.map(({ id }) => id)).toEqual(['1']);
    await expect(directory.served('model_a')).rejects.toMatchObject({ code: 'registry_unavailable' });
  });

  it('the last answer holds for as long as it is told to', async () => {
    const { clock, directory, register, state } = await prepare({ maxOutageMs: 10_000 });
    await register('model_a');
    await directory.all();
    state.is = 'away';

    await clock.advance(10_000);
    expect(await directory.all()).toHaveLength(1);
    await clock.advance(1);

    await expect(directory.all()).rejects.toMatchObject({ code: 'registry_unavailable' });
  });

  it('an instance lives by the time of now once the registry is back', async () => {
    const { clock, directory, register, beat, state } = await prepare();
    await register('model_a');
    await beat('1');
    await directory.all();
    state.is = 'away';
    await clock.advance(40_000);
    expect((await directory.known('model_a')).live).toHaveLength(1);

    state.is = 'there';

    expect((await directory.known('model_a')).live).toEqual([]);
  });

  it('the last answer is given after two seconds when the registry says nothing', async () => {
    const { clock, directory, register, state } = await prepare();
    await register('model_a');
    await directory.all();
    state.is = 'silent';
    await clock.advance(10_000);
    let answered = false;

    const answer = directory.all().then((models) => {
      answered = true;
      return models;
    });
    await clock.advance(1999);
    const before = answered;
    await clock.advance(1);

    expect([before, namesOf(await answer)]).toEqual([false, ['model_a']]);
  });

  it('no timer is left behind by an answer in time', async () => {
    const { clock, directory, register } = await prepare();
    await register('model_a');
    await directory.all();
    const signals: (AbortSignal | undefined)[] = [];
    const { sleep } = clock;
    clock.sleep = (ms, signal) => {
      signals.push(signal);
      return sleep.call(clock, ms, signal);
    };

    await clock.advance(10_000);
    await directory.all();

    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });
});
