import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBacklog, createBacklogGate, drainMs } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aModel, anInstance } from '#test/support/registry.ts';

const limited = (maxBacklog: number) => {
  const { limits } = aModel();
  return aModel({ limits: { ...limits, maxBacklog } });
};

describe('the backlog gate', () => {
  it('lets exactly as many in at once as there is room for', async () => {
    const platform = createMemoryPlatform({ clock: new ManualClock() });
    const enter = createBacklogGate(createBacklog(platform));

    const entered = await Promise.allSettled(
      Array.from({ length: 10 }, () => enter({ model: limited(4), serving: [] })),
    );

    expect(entered.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    expect(entered.at(-1)).toMatchObject({ reason: { code: 'backlog_full', retryable: true, retryAfterSeconds: 5 } });
  });

  it('tells when there should be room, from the pace of the live slots', async () => {
    const platform = createMemoryPlatform({ clock: new ManualClock() });
    for (let i = 0; i < 10; i++) await platform.queues('model_a').send({ body: Uint8Array.of(1) });
    const serving = [anInstance({ slots: 2, serviceMs: 4000 })];

    const refused = createBacklogGate(createBacklog(platform))({ model: limited(4), serving });

    await expect(refused).rejects.toMatchObject({ retryAfterSeconds: 14 });
  });

  it('opens again when the backlog has gone down', async () => {
    const clock = new ManualClock();
    const platform = createMemoryPlatform({ clock });
    const enter = createBacklogGate(createBacklog(platform));
    await enter({ model: limited(1), serving: [] });

    const full = enter({ model: limited(1), serving: [] });
    await expect(full).rejects.toMatchObject({ code: 'backlog_full' });
    await clock.advance(1000);

    await expect(enter({ model: limited(1), serving: [] })).resolves.toBeUndefined();
  });

  it('asks nothing of the queue for a model without a limit', async () => {
    const platform = createMemoryPlatform();
    platform.queues('model_a').reachable = false;

    await expect(createBacklogGate(createBacklog(platform))({ model: aModel(), serving: [] })).resolves.toBeUndefined();
  });
});

describe('drainMs', () => {
  it('is unknown while nobody serves or nobody has run a task', () => {
    expect([drainMs({ backlog: 5, serving: [] }), drainMs({ backlog: 5, serving: [{ slots: 2 }] })]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('grows with the backlog and shrinks with every instance', () => {
    const instance = fc.record({
      slots: fc.integer({ min: 1, max: 64 }),
      serviceMs: fc.integer({ min: 1, max: 60_000 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.array(instance, { minLength: 1 }),
        instance,
        (backlog, serving, more) => {
          const now = drainMs({ backlog, serving }) ?? Number.NaN;

          expect(drainMs({ backlog: backlog + 1, serving })).toBeGreaterThan(now);
          expect(drainMs({ backlog, serving: [...serving, more] })).toBeLessThan(now);
        },
      ),
    );
  });
});
