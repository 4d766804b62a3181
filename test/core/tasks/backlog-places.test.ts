import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBacklog, latePlaces } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aModel, anInstance } from '#test/support/registry.ts';
import { aFreshTask, aStart } from '#test/support/tasks.ts';

/** Several gateways of a model whose backlog is limited. */
function prepare({ maxBacklog, gateways = 1 }: { readonly maxBacklog?: number; readonly gateways?: number }) {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock });
  const { limits } = aModel();
  const model = aModel({ limits: maxBacklog === undefined ? limits : { ...limits, maxBacklog } });
  const serving = [anInstance({ slots: 2, serviceMs: 4000 })];
  const known = Array.from({ length: gateways }, () => latePlaces({ ...platform, backlog: createBacklog(platform) }));
  const enter = async (id: string, { at = 0, seconds = 0, signal = new AbortController().signal } = {}) => {
    const quota = known[at]?.({ model, serving }, seconds > 0 ? { seconds, signal } : undefined);
    return (await quota?.enter([id])) ?? [];
  };
  /** Resolves with the task, or with undefined if the backlog is full. */
  const submit = async (options?: Parameters<typeof enter>[1]) => {
    const task = aFreshTask({ deadlineAt: clock.now() + 3_600_000, createdAt: clock.now() });
    const entered = await enter(task.id, options).catch(() => undefined);
    if (!entered) return undefined;
    await platform.tasks.create(task);
    return task;
  };
  const start = (id: string) => platform.tasks.apply(id, { ...aStart, at: clock.now() });
  return { clock, platform, enter, submit, start };
}

const settle = async (turns = 50) => {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
};

describe('the places in a backlog', () => {
  it('say when there should be room, from the pace of the live slots', async () => {
    const { enter, platform } = prepare({ maxBacklog: 4 });
    for (let i = 0; i < 10; i++) await platform.queues('model_a').send({ body: Uint8Array.of(1), group: 'a' });
    for (let i = 0; i < 4; i++) await enter(randomUUID());

    await expect(enter(randomUUID())).rejects.toMatchObject({ code: 'backlog_full', retryAfterSeconds: 14 });
  });

  it('of tasks that were never stored are free after a minute', async () => {
    const { enter, clock } = prepare({ maxBacklog: 1 });
    await enter(randomUUID());
    await clock.advance(59_000);
    await expect(enter(randomUUID())).rejects.toMatchObject({ code: 'backlog_full' });

    await clock.advance(3000);

    expect(await enter(randomUUID())).toHaveLength(1);
  });

  it('of tasks whose deadline has passed are free', async () => {
    const { submit, clock } = prepare({ maxBacklog: 1 });
    await submit();
    expect(await submit()).toBeUndefined();

    await clock.advance(3_600_000);

    expect(await submit()).toBeDefined();
  });

  it('are not counted for a model without a limit', async () => {
    const { enter, platform } = prepare({});
    platform.tasks.reachable = false;

    expect(await enter(randomUUID())).toEqual([]);
  });

  it('stay few when the tasks of a long backlog start', async () => {
    const { submit, start, platform } = prepare({ maxBacklog: 1000 });

    for (let i = 0; i < 600; i++) await start((await submit())?.id ?? '');

    expect((await platform.tasks.places.oldest('model_a', 1000, 1000)).length).toBeLessThanOrEqual(100);
  });

  it('never exceed the limit, and are found again, whatever gateways and instances do', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ does: fc.constant('submit' as const), at: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('start' as const), at: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('pause' as const), at: fc.nat(200) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), async (maxBacklog, steps) => {
        const { submit, start, clock, platform } = prepare({ maxBacklog, gateways: 3 });
        const submitted: Promise<unknown>[] = [];
        const waiting: string[] = [];
        let most = 0;
        for (const { does, at } of steps) {
          if (does === 'submit') {
            submitted.push(
              submit({ at }).then((task) => {
                if (task) most = Math.max(most, waiting.push(task.id));
              }),
            );
          } else if (does === 'start') {
            await settle(at);
            const [id] = waiting.splice(0, 1);
            if (id) await start(id);
          } else await clock.advance(at);
        }
        await Promise.all(submitted);
        expect(most).toBeLessThanOrEqual(maxBacklog);
        await clock.advance(1000);
        const room = maxBacklog - waiting.length;
        const more = await Promise.all(Array.from({ length: maxBacklog + 1 }, (_, at) => submit({ at: at % 3 })));
        expect(more.filter(Boolean)).toHaveLength(room);
        await platform.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('the waiting list of a full backlog', () => {
  it('lets those in first who came first, and nobody past them', async () => {
    const { submit, start, clock } = prepare({ maxBacklog: 1 });
    const order: string[] = [];
    const held = await submit();
    const wait = (name: string) =>
      submit({ seconds: 20 }).then((task) => {
        order.push(name);
        return task;
      });
    const first = wait('first');
    await settle();
    const second = wait('second');
    await settle();
    await start(held?.id ?? '');

    expect(await submit()).toBeUndefined();
    await clock.advance(1000);
    const next = await first;
    expect(order).toEqual(['first']);
    await start(next?.id ?? '');
    await clock.advance(1000);

    expect(await second).toBeDefined();
    expect(order).toEqual(['first', 'second']);
  });

  it('refuses who has waited in vain, and forgets who has gone', async () => {
    const { enter, submit, start, clock } = prepare({ maxBacklog: 1 });
    const held = await submit();
    const gone = new AbortController();
    const left = enter(randomUUID(), { seconds: 20, signal: gone.signal }).catch(({ code }) => code);
    await settle();
    const late = enter(randomUUID(), { seconds: 2 }).catch(({ code }) => code);
    await settle();

    await clock.advance(2000);
    expect(await late).toBe('backlog_full');
    gone.abort();
    await clock.advance(100);
    expect(await left).toBe('backlog_full');
    await start(held?.id ?? '');
    await clock.advance(1000);

    expect(await submit()).toBeDefined();
  });
});
