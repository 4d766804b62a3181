import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBacklog, drainMs, holdsTasks, type QueueDepth } from '#core';
import { ManualClock } from '#test/support/manual-clock.ts';

describe('the backlog', () => {
  const DEPTH: QueueDepth = { visible: 4, delayed: 2, inFlight: 8, deadLetters: 16 };

  /** A backlog whose queues answer when the test says so. */
  function prepare() {
    const clock = new ManualClock();
    const asked: PromiseWithResolvers<QueueDepth>[] = [];
    const depth = () => {
      const answer = Promise.withResolvers<QueueDepth>();
      asked.push(answer);
      return answer.promise;
    };
    const backlog = createBacklog({ queues: (() => ({ depth })) as never, clock });
    return { clock, asked, backlog };
  }

  it('counts what waits, and what is in hand apart', async () => {
    const { asked, backlog } = prepare();

    const read = backlog.read('model_a');
    asked[0]?.resolve(DEPTH);

    expect(await read).toEqual({ waiting: 6, inFlight: 8 });
  });

  it('adds what was accepted while it was counted, once', async () => {
    const { clock, asked, backlog } = prepare();
    const read = backlog.read('model_a');
    backlog.note('model_a', 1);
    backlog.note('model_a', 1);
    backlog.note('model_b', 1);
    asked[0]?.resolve(DEPTH);
    expect(await read).toEqual({ waiting: 8, inFlight: 8 });

    await clock.advance(1000);
    const again = backlog.read('model_a');
    asked[1]?.resolve(DEPTH);

    expect(await again).toEqual({ waiting: 6, inFlight: 8 });
  });

  it('notes nothing for a count that failed', async () => {
    const { asked, backlog } = prepare();
    const failed = backlog.read('model_a');
    asked[0]?.reject(new Error('away'));
    await expect(failed).rejects.toThrow('away');

    backlog.note('model_a', 1);
    const read = backlog.read('model_a');
    asked[1]?.resolve(DEPTH);

    expect(await read).toEqual({ waiting: 6, inFlight: 8 });
  });

  it('adds what was accepted since, for as many models as it keeps counts of', async () => {
    const { clock, asked, backlog } = prepare();
    const countAll = async () => {
      const reads = Array.from({ length: 501 }, (_, i) => backlog.read(`model_${i}`));
      for (const { resolve } of asked.splice(0)) resolve(DEPTH);
      return Promise.all(reads);
    };
    await countAll();
    await clock.advance(1000);
    const counts = await countAll();

    for (const i of [0, 499, 500]) backlog.note(`model_${i}`, 1);

    expect([0, 1, 499, 500].map((i) => counts[i]?.waiting)).toEqual([7, 6, 7, 6]);
  });
});

describe('a queue holds tasks', () => {
  const EMPTY: QueueDepth = { visible: 0, delayed: 0, inFlight: 0, deadLetters: 3 };

  it('whether they wait, are delayed or in hand, and does not when all are dead letters', () => {
    const depths = [{ visible: 1 }, { delayed: 1 }, { inFlight: 1 }, {}].map((some) => ({ ...EMPTY, ...some }));

    expect(depths.map(holdsTasks)).toEqual([true, true, true, false]);
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
