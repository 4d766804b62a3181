import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DelayLimit, type Entry, INTERVAL_MS } from '#gateway/delay-limit.ts';
import { MIN_TARGET_MS } from '#gateway/target-delay.ts';
import { type Offer, simulate } from './simulated-queue.ts';

const MAX = 5000;
/** Of at most 1,000 runs a second, which keeps the simulation short. */
const aQueue = fc
  .record({ slots: fc.integer({ min: 1, max: 64 }), runMs: fc.integer({ min: 1, max: 2000 }) })
  .map(({ slots, runMs }) => ({ slots, runMs: Math.max(slots, runMs) }));

const capacityOf = ({ slots, runMs }: Pick<Offer, 'slots' | 'runMs'>): number => (1000 * slots) / runMs;

/** Long enough for a limit to settle, also with long runs. */
const secondsFor = (queue: Pick<Offer, 'slots' | 'runMs'>): number => Math.max(20, 50 * (queue.runMs / 1000));

describe('a delay limit', () => {
  it('serves as much above capacity as at capacity, with short delays, whatever the speed of the model', () => {
    fc.assert(
      fc.property(aQueue, fc.constantFrom(1.2, 2, 4), (queue, load) => {
        const { served, seconds, longestDelayMs } = simulate({ ...queue, load, max: MAX, seconds: secondsFor(queue) });

        expect(served / seconds).toBeGreaterThanOrEqual(0.9 * capacityOf(queue));
        expect(longestDelayMs).toBeLessThanOrEqual(3 * (MIN_TARGET_MS + queue.runMs));
      }),
      { numRuns: 30 },
    );
  });

  it('refuses nothing below capacity', () => {
    fc.assert(
      fc.property(aQueue, fc.constantFrom(0.1, 0.5, 0.9), (queue, load) => {
        expect(simulate({ ...queue, load, max: MAX, seconds: secondsFor(queue) }).refused).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('lets a burst in, also after an overload that has ended', () => {
    const [slots, runMs] = [4, 100];
    const overload = { slots, runMs, max: MAX, seconds: 30, load: 4 };

    const { refusedOfBurst } = simulate({ ...overload, burst: { afterSeconds: 5, requests: 80 } });

    expect(refusedOfBurst).toBe(0);
  });

  it('keeps few requests waiting for a model that does nothing', () => {
    let now = 0;
    const limit = new DelayLimit({ max: MAX, now: () => now });
    const patienceMs = 20_000;
    const waiting: Entry[] = [];
    let most = 0;

    for (; now < 120_000; now += 5) {
      const entry = limit.enter();
      if (entry) waiting.push(entry);
      while (waiting[0] && now - waiting[0].enteredAt >= patienceMs) {
        limit.leave(waiting.shift() as Entry, { delayMs: patienceMs, runMs: 0 });
      }
      if (now > 60_000) most = Math.max(most, limit.inProgress);
    }

    expect(most).toBeLessThanOrEqual(2);
  });

  it('serves as before once a model that did nothing works again', () => {
    const queue = { slots: 8, runMs: 20 };

    const { served, seconds } = simulate({ ...queue, load: 4, max: MAX, seconds: 30, firstFreeMs: 10_000 });

    expect(served / (seconds - 10)).toBeGreaterThanOrEqual(0.8 * capacityOf(queue));
  });

  it('lets more wait where a short queue costs throughput', () => {
    let now = 0;
    const limit = new DelayLimit({ max: MAX, now: () => now });
    let [waiting, running, endsAt, servedLate]: [Entry[], Entry[], number, number] = [[], [], 0, 0];

    // A batch of n takes 20 + n ms: almost 1,000 a second in large batches, a third of that in those of 50 ms.
    for (; now < 60_000; now += 1) {
      for (let each = 0; each < 4; each++) {
        const entry = limit.enter();
        if (entry) waiting.push(entry);
      }
      if (now < endsAt) continue;
      for (const entry of running) limit.leave(entry, { delayMs: now - entry.enteredAt, runMs: 0 });
      if (now > 30_000) servedLate += running.length;
      [running, waiting] = [waiting, []];
      endsAt = now + 20 + running.length;
    }

    expect(servedLate / 30).toBeGreaterThan(750);
  });

  it('never lets in more than its maximum, and one at least', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.record({ waitMs: fc.nat(1000), delayMs: fc.nat(100_000), runMs: fc.nat(10_000) })),
        (max, steps) => {
          let now = 0;
          const limit = new DelayLimit({ max, now: () => now });
          for (const { waitMs, ...spent } of steps) {
            const entry = limit.enter();
            expect(entry).toBeDefined();
            now += waitMs;
            if (entry) limit.leave(entry, spent);
            expect(limit.limit).toBeGreaterThanOrEqual(1);
            expect(limit.limit).toBeLessThanOrEqual(max);
          }
        },
      ),
    );
  });

  it('takes the time that a lone request needs for no delay', () => {
    let now = 0;
    const limit = new DelayLimit({ max: MAX, now: () => now });
    const slow = { delayMs: 4 * MIN_TARGET_MS, runMs: 0 };
    for (let times = 0; times < 50; times++) {
      const entry = limit.enter();
      now += INTERVAL_MS / 2;
      if (entry) limit.leave(entry, slow);
    }

    const entries = Array.from({ length: 10 }, () => limit.enter());
    now += INTERVAL_MS;
    for (const entry of entries) if (entry) limit.leave(entry, slow);

    expect(entries).not.toContain(undefined);
    expect(limit.limit).toBeGreaterThan(10);
  });
});
