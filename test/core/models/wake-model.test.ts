import { describe, expect, it } from 'vitest';
import { createWaker, endWake, type InstanceController, wakeModel } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aModel, anInstance } from '#test/support/registry.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const SLEEPY = aModel({ limits: { ...aModel().limits, idleSeconds: 60 } });

async function sleepers({ fails = false, running = 0 } = {}) {
  const clock = new ManualClock();
  const { registry } = createMemoryPlatform({ clock });
  await registry.writeModel(SLEEPY);
  const launched: string[] = [];
  const warnings: string[] = [];
  const instances: InstanceController = {
    list: async (model) =>
      Array.from({ length: running }, () => ({ id: 'p', name: 'p', model, state: 'starting' as const, image: '' })),
    async launch(model) {
      if (fails) throw new Error('No machine is free.');
      launched.push(model);
      return { id: 'p', name: 'p', model, state: 'starting', image: '' };
    },
    stop: async () => false,
  };
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const waker = () => createWaker({ registry, instances, clock, logger });
  return { clock, registry, launched, warnings, waker };
}

describe('waking', () => {
  it('launches one instance, whoever asks in however many processes', async () => {
    const { waker, launched } = await sleepers();
    const processes = Array.from({ length: 10 }, waker);

    await Promise.all(Array.from({ length: 100 }, (_, i) => processes[i % 10]?.({ model: SLEEPY, live: [] })));

    expect(launched).toEqual(['model_a']);
  });

  it('leaves a model alone that never sleeps, and one that has an instance', async () => {
    const { waker, launched } = await sleepers();
    const wake = waker();

    await wake({ model: aModel(), live: [] });
    await wake({ model: SLEEPY, live: [anInstance({ state: 'starting' })] });

    expect(launched).toEqual([]);
  });

  it('does not count on an instance that is going', async () => {
    const { waker, launched } = await sleepers();

    await waker()({ model: SLEEPY, live: [anInstance({ state: 'draining' })] });

    expect(launched).toEqual(['model_a']);
  });

  it('launches none beside one that has not registered yet, and holds no lock for it', async () => {
    const { waker, launched, registry } = await sleepers({ running: 1 });

    await waker()({ model: SLEEPY, live: [] });

    expect(launched).toEqual([]);
    expect((await registry.readModel('model_a'))?.wakingUntil).toBeUndefined();
  });

  it('that fails is told, and tried again by the next one', async () => {
    const { waker, warnings } = await sleepers({ fails: true });
    const wake = waker();

    await wake({ model: SLEEPY, live: [] });
    await wake({ model: SLEEPY, live: [] });

    expect(warnings).toEqual(['A model could not be woken.', 'A model could not be woken.']);
  });

  it('can be done again as soon as the instance that it brought up has gone', async () => {
    const { waker, launched, registry, clock } = await sleepers();
    await waker()({ model: SLEEPY, live: [] });
    await clock.advance(1000);
    const startedAt = clock.now();

    await endWake(registry, { model: 'model_a', startedAt });
    await waker()({ model: SLEEPY, live: [] });

    expect(launched).toHaveLength(2);
  });

  it('is not undone by the farewell of an instance from before', async () => {
    const { waker, launched, registry, clock } = await sleepers();
    const startedAt = clock.now();
    await clock.advance(1000);
    await waker()({ model: SLEEPY, live: [] });

    await endWake(registry, { model: 'model_a', startedAt });
    await waker()({ model: SLEEPY, live: [] });

    expect(launched).toHaveLength(1);
  });
});

describe('waking a model', () => {
  /** A wake without the pauses and conditions of `createWaker`. */
  async function prepare(more: Partial<InstanceController> = {}) {
    const clock = new ManualClock();
    const { registry } = createMemoryPlatform({ clock });
    await registry.writeModel(aModel());
    const calls: string[] = [];
    const instances: InstanceController = {
      list: async () => [],
      async launch(model) {
        calls.push('launch');
        return { id: 'p', name: 'p', model, state: 'starting', image: '' };
      },
      stop: async () => false,
      ...more,
    };
    const alive = { expiresAt: clock.now() + 1 };
    const wake = (known = [] as ReturnType<typeof anInstance>[], model = 'model_a') =>
      wakeModel({ registry, instances, clock }, { model, known });
    return { clock, registry, calls, alive, wake };
  }

  it('locks it for a minute, and tells whether it launched', async () => {
    const { clock, registry, calls, wake } = await prepare();

    expect(await wake()).toBe(true);
    expect(await registry.readModel('model_a')).toMatchObject({ wakingUntil: clock.now() + 60_000, version: 2 });
    await clock.advance(59_999);
    expect(await wake()).toBe(false);
    await clock.advance(1);
    expect(await wake()).toBe(true);

    expect(calls).toEqual(['launch', 'launch']);
  });

  it('sets the desired count where the platform has one', async () => {
    const woken: string[] = [];
    const { calls, wake } = await prepare({ wake: async (model) => void woken.push(model) });

    expect(await wake()).toBe(true);

    expect([woken, calls]).toEqual([['model_a'], []]);
  });

  it.each([
    ['is alive', {}, false],
    ['is draining', { state: 'draining' }, true],
    ['has gone', { expiresAt: 0 }, true],
  ] as const)('with an instance that %s launches another one: %#', async (_, change, launches) => {
    const { alive, wake } = await prepare();

    expect(await wake([anInstance({ ...alive, ...change })])).toBe(launches);
  });

  it('does nothing for an unknown one, or when another caller was first', async () => {
    const { registry, calls, wake } = await prepare();
    expect(await wake([], 'model_b')).toBe(false);
    registry.writeModel = async () => false;

    expect(await wake()).toBe(false);

    expect(calls).toEqual([]);
  });

  it('launches beside an instance of the platform that drains', async () => {
    const going = { id: 'p', name: 'p', model: 'model_a', state: 'draining', image: '' } as const;

    expect(await (await prepare({ list: async () => [going] })).wake()).toBe(true);
  });

  it('tells of a launch that failed, and lets the next caller try', async () => {
    const { registry, wake } = await prepare({ launch: () => Promise.reject(new Error('No machine is free.')) });

    await expect(wake()).rejects.toThrow('No machine is free.');

    expect(await registry.readModel('model_a')).toEqual(aModel({ version: 3 }));
  });

  it('ends with the instance that it launched, and not with one from before', async () => {
    const { clock, registry, wake } = await prepare();
    await endWake(registry, { model: 'model_a', startedAt: 0 });
    await endWake(registry, { model: 'model_b', startedAt: 0 });
    expect(await registry.readModel('model_a')).toMatchObject({ version: 1 });
    await wake();

    await endWake(registry, { model: 'model_a', startedAt: clock.now() - 1 });
    expect(await registry.readModel('model_a')).toHaveProperty('wakingUntil');
    await endWake(registry, { model: 'model_a', startedAt: clock.now() });

    expect(await registry.readModel('model_a')).toEqual(aModel({ version: 3 }));
  });
});

describe('a waker', () => {
  const asked = async (more: Partial<InstanceController> | undefined, model = aModel(), states: 'ready'[] = []) => {
    const clock = new ManualClock();
    const { registry } = createMemoryPlatform({ clock });
    await registry.writeModel(model);
    const told: unknown[] = [];
    let launches = 0;
    const instances: InstanceController = {
      list: async () => [],
      async launch() {
        launches++;
        return { id: 'p', name: 'p', model: model.name, state: 'starting', image: '' };
      },
      stop: async () => false,
      ...more,
    };
    const logger = { ...silentLogger, info: (message: string, fields?: object) => void told.push([message, fields]) };
    const wake = createWaker({ registry, clock, logger, ...(more ? { instances } : {}) });
    await wake({ model, live: states.map((state) => anInstance({ state })) });
    return { told, launches, wake, registry, clock, model };
  };

  it('wakes models that sleep, and every model of a platform that stops instances itself', async () => {
    const launches = await Promise.all([
      asked({}),
      asked({ sleeps: true }),
      asked({}, SLEEPY),
      asked(undefined, SLEEPY),
    ]);

    expect(launches.map((each) => each.launches)).toEqual([0, 1, 1, 0]);
    expect(launches[1]?.told).toEqual([['Waking an instance.', { model: 'model_a' }]]);
    expect((await asked({ sleeps: true }, aModel(), ['ready'])).launches).toBe(0);
  });

  it('asks the registry at most every two seconds', async () => {
    const { wake, registry, clock, model } = await asked({}, SLEEPY);
    let reads = 0;
    const { readModel } = registry;
    registry.readModel = (name) => {
      reads++;
      return readModel.call(registry, name);
    };

    await clock.advance(1999);
    await wake({ model, live: [] });
    const before = reads;
    await clock.advance(1);
    await wake({ model, live: [] });

    expect([before, reads]).toEqual([0, 1]);
  });
});
