import { describe, expect, it } from 'vitest';
import { createWaker, endWake, type InstanceController } from '#core';
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
