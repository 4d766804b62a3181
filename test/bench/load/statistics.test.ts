import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentiles, rounded, windowSeconds, windowsOf } from './statistics.ts';

const SHARES = { p50: 0.5, p90: 0.9, p99: 0.99, max: 1 } as const;
const latency = fc.integer({ min: 0, max: 10_000_000 }).map((hundredths) => hundredths / 100);

describe('percentiles', () => {
  it('are the smallest values that so many did not exceed, as sorting and counting shows', () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 300 }), (values) => {
        const found = percentiles(values);

        for (const [name, share] of Object.entries(SHARES)) {
          const wanted = values
            .toSorted((a, b) => a - b)
            .find((value) => values.filter((other) => other <= value).length >= share * values.length - 1e-9);
          expect(found).toHaveProperty(name, rounded(wanted ?? Number.NaN));
        }
      }),
    );
  });

  it('of the numbers from 1 to 1000 are 500, 900, 990 and 1000', () => {
    const values = Array.from({ length: 1000 }, (_, index) => 1000 - index);

    expect(percentiles(values)).toEqual({ p50: 500, p90: 900, p99: 990, max: 1000 });
  });

  it('of one value are that value, and of none there are none', () => {
    expect(percentiles([7])).toEqual({ p50: 7, p90: 7, p99: 7, max: 7 });
    expect(percentiles([])).toBeUndefined();
  });

  it('of a million values are found', () => {
    const values = Array.from({ length: 1_000_000 }, (_, index) => index);

    expect(percentiles(values)?.max).toBe(999_999);
  });
});

describe('the windows of a run', () => {
  it('hold every sample once, and are never more than a plot can show', () => {
    const run = fc.record({
      seconds: fc.double({ min: 0.01, max: 100_000, noNaN: true }),
      rate: fc.double({ min: 0.1, max: 5000, noNaN: true }),
      places: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 200 }),
    });
    fc.assert(
      fc.property(run, ({ seconds, rate, places }) => {
        const samples = places.map((place, index) => ({
          atMs: place * seconds * 1000,
          tookMs: 1,
          what: index % 3 === 0 ? 'expired' : 'succeeded',
        }));

        const windows = windowsOf(samples, { seconds, rate });

        const count = windows.reduce((sum, { succeeded, otherwise }) => sum + succeeded + otherwise, 0);
        expect(count).toBe(samples.length);
        expect(windows.length).toBeLessThanOrEqual(40);
      }),
    );
  });

  it('count requests that were never sent, which have no latency', () => {
    const samples = [
      { atMs: 0, tookMs: 4, what: 'succeeded' },
      { atMs: 100, tookMs: undefined, what: 'not sent: 1 were under way' },
    ];

    const windows = windowsOf(samples, { seconds: 0.2, rate: 10 });

    expect(windows).toEqual([
      { fromSeconds: 0, succeeded: 1, otherwise: 1, latencyMs: { p50: 4, p90: 4, p99: 4, max: 4 } },
    ]);
  });

  it('are a second long in a run of 30 seconds', () => {
    expect(windowSeconds(30, 200)).toBe(1);
  });
});
