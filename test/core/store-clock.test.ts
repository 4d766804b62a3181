import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoreClock } from '#core';
import { ManualClock } from '#test/support/manual-clock.ts';

const milliseconds = (max: number) => fc.integer({ min: 0, max });
/** A request: its way there, its way back, and the time until the next one. */
const requests = fc.array(fc.tuple(milliseconds(400), milliseconds(400), milliseconds(60_000)), { minLength: 1 });

/** Lets a process with a clock that is wrong by `skewMs` hear of a store's clock that has this resolution. */
async function follow(skewMs: number, resolutionMs: number, ways: readonly (readonly [number, number, number])[]) {
  const truth = new ManualClock(1_800_000_000_000);
  const clock = new StoreClock({ now: () => truth.now() + skewMs, sleep: (ms, signal) => truth.sleep(ms, signal) });
  const errors: number[] = [];
  const readings: number[] = [];
  for (const [thereMs, backMs, pauseMs] of ways) {
    const sentAt = clock.ownNow();
    await truth.advance(thereMs);
    const earliest = Math.floor(truth.now() / resolutionMs) * resolutionMs;
    await truth.advance(backMs);
    clock.observe({ sentAt, receivedAt: clock.ownNow(), earliest, latest: earliest + resolutionMs - 1 });
    errors.push(clock.now() - truth.now());
    readings.push(clock.now() - clock.ownNow());
    await truth.advance(pauseMs);
  }
  return { errors, readings };
}

describe('the clock of the store', () => {
  it.each([1, 1000])(
    'is followed as closely as its resolution of %i ms and the network allow',
    async (resolutionMs) => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: -3_600_000, max: 3_600_000 }), requests, async (skewMs, ways) => {
          const { errors } = await follow(skewMs, resolutionMs, ways);

          for (const error of errors) expect(Math.abs(error)).toBeLessThan(800 + resolutionMs);
        }),
      );
    },
  );

  it('does not change a clock that agrees with it', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (ways) => {
        const { readings } = await follow(0, 1000, ways);

        expect(new Set(readings)).toEqual(new Set([0]));
      }),
    );
  });

  it('gets closer with each reading, never further away', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -600_000, max: 600_000 }), requests, async (skewMs, ways) => {
        const { errors } = await follow(skewMs, 1000, ways);

        errors.reduce((before, after) => {
          expect(Math.abs(after)).toBeLessThanOrEqual(Math.abs(before));
          return after;
        });
      }),
    );
  });

  it('is known to half its resolution when the own clock was far off', async () => {
    const skews = fc.tuple(fc.integer({ min: 3000, max: 3_600_000 }), fc.constantFrom(-1, 1));
    await fc.assert(
      fc.asyncProperty(skews, requests, async ([skewMs, sign], ways) => {
        const { errors } = await follow(sign * skewMs, 1000, ways);

        const [[thereMs, backMs] = [0, 0]] = ways;
        for (const error of errors) expect(Math.abs(error)).toBeLessThanOrEqual((1000 + thereMs + backMs) / 2);
      }),
    );
  });

  it('is not read while the own clock is set back', () => {
    const clock = new StoreClock(new ManualClock(1000));

    clock.observe({ sentAt: 5000, receivedAt: 1000, earliest: 70_000, latest: 70_000 });

    expect(clock.now()).toBe(1000);
  });

  it('is read when the answer came at once', () => {
    const clock = new StoreClock(new ManualClock(1000));

    clock.observe({ sentAt: 1000, receivedAt: 1000, earliest: 5000, latest: 5000 });

    expect([clock.now(), clock.ownNow()]).toEqual([5000, 1000]);
  });

  it('sleeps by the clock of the process, until it is told to wake', async () => {
    const own = new ManualClock(1000);
    const clock = new StoreClock(own);
    const woken: string[] = [];
    const stop = new AbortController();
    void clock.sleep(500).then(() => woken.push('late'));
    void clock.sleep(500, stop.signal).then(() => woken.push('early'));

    stop.abort();
    await own.advance(499);
    const before = [...woken];
    await own.advance(1);

    expect([before, woken]).toEqual([['early'], ['early', 'late']]);
  });
});
