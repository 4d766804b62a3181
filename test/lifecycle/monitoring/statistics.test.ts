import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binned, sturgesEdges } from '#lifecycle/monitoring/statistics/bins.ts';
import { categoryColumn, numberColumn } from '#lifecycle/monitoring/statistics/column.ts';
import { chiSquare } from '#lifecycle/monitoring/statistics/counts-tests.ts';
import { jensenShannon, stabilityIndex, wasserstein } from '#lifecycle/monitoring/statistics/distances.ts';
import { deviationOf, judgeDrift, meanOf } from '#lifecycle/monitoring/statistics/drift.ts';
import { chiSquareAbove, erfc } from '#lifecycle/monitoring/statistics/incomplete-gamma.ts';
import { kolmogorovAbove } from '#lifecycle/monitoring/statistics/kolmogorov.ts';
import { kolmogorovSmirnov } from '#lifecycle/monitoring/statistics/kolmogorov-smirnov.ts';
import { sortNumbers } from '#lifecycle/monitoring/statistics/sort-numbers.ts';

interface Sample {
  readonly seed: number;
  readonly size: number;
  readonly shift?: number;
  readonly spread?: number;
  readonly step?: number;
}

interface Pair {
  readonly a: Sample;
  readonly b: Sample;
}

interface Golden {
  readonly ks: readonly (Pair & { statistic: number; p: number })[];
  readonly kolmogorov: readonly { n: number; x: number; p: number }[];
  readonly counts: readonly {
    observed: number[];
    reference: number[];
    statistic: number;
    p: number;
    jensenshannon: number;
  }[];
  readonly tails: {
    readonly chi: readonly { x: number; k: number; p: number }[];
    readonly z: readonly { z: number; p: number }[];
  };
  readonly distances: readonly (Pair & { wasserstein: number; jensenshannon: number; psi: number })[];
}

const golden = JSON.parse(readFileSync(new URL('./scipy/golden.json', import.meta.url), 'utf8')) as Golden;

/** The same numbers as `sample` in `scipy/golden.py`, sorted. */
function sample({ seed, size, shift = 0, spread = 1, step = 0 }: Sample): Float64Array {
  let state = seed;
  const next = () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const values = Float64Array.from({ length: size }, () => {
    const value = shift + spread * (next() + next() + next() - 1.5);
    return step ? Math.floor(value / step) * step : value;
  });
  return values.sort();
}

/** Absolute and relative. */
const isClose = (found: number, wanted: number): boolean =>
  Math.abs(found - wanted) <= 1e-9 && Math.abs(found - wanted) <= 1e-9 * Math.max(Math.abs(wanted), 1e-200) + 1e-15;

describe('drift statistics equal those of SciPy to 1e-9', () => {
  it('in the Kolmogorov–Smirnov test, exact and asymptotic', () => {
    const wrong = golden.ks
      .map(({ a, b, ...wanted }) => ({ a, b, wanted, found: kolmogorovSmirnov(sample(a), sample(b)) }))
      .filter(({ found, wanted }) => !isClose(found.statistic, wanted.statistic) || !isClose(found.pValue, wanted.p));

    expect(wrong).toEqual([]);
    expect(golden.ks.length).toBeGreaterThan(100);
  });

  it('in the distribution of its statistic, whatever the method', () => {
    const wrong = golden.kolmogorov
      .map(({ n, x, p }) => ({ n, x, p, found: kolmogorovAbove(n, x) }))
      .filter(({ found, p }) => !isClose(found, p));

    expect(wrong).toEqual([]);
  });

  it('in the chi-squared test and the distances of counts', () => {
    for (const { observed, reference, ...wanted } of golden.counts) {
      const [now, then] = [observed, reference].map((counts) => counts.reduce((sum, count) => sum + count, 0));
      const expected = reference.map((count) => (count * (now as number)) / (then as number));

      const { statistic, pValue } = chiSquare(observed, expected);

      expect(isClose(statistic, wanted.statistic)).toBe(true);
      expect(isClose(pValue, wanted.p)).toBe(true);
      expect(isClose(jensenShannon(observed, reference), wanted.jensenshannon)).toBe(true);
    }
  });

  it('in the tails of the chi-squared and the normal distribution', () => {
    const chi = golden.tails.chi.filter(({ x, k, p }) => !isClose(chiSquareAbove(x, k), p));
    const normal = golden.tails.z.filter(({ z, p }) => !isClose(erfc(z / Math.SQRT2), p));

    expect([...chi, ...normal]).toEqual([]);
  });

  it('in Wasserstein, Jensen–Shannon and PSI of samples', () => {
    const wrong = golden.distances
      .map(({ a, b, ...wanted }) => {
        const [x, y] = [sample(a), sample(b)];
        const edges = sturgesEdges(x, y);
        const [p, q] = [binned(x, edges), binned(y, edges)];
        const found = { wasserstein: wasserstein(x, y), jensenshannon: jensenShannon(p, q), psi: stabilityIndex(p, q) };
        return { a, b, wanted, found };
      })
      .filter(({ found, wanted }) => {
        const names = ['wasserstein', 'jensenshannon', 'psi'] as const;
        return names.some((name) => !isClose(found[name], wanted[name]));
      });

    expect(wrong).toEqual([]);
  });
});

describe('mean and deviation', () => {
  it('are right for values that differ little in their size', () => {
    const values = Float64Array.from({ length: 41_000 }, (_, at) => 1e15 + (at % 41));

    expect(meanOf(values)).toBe(1e15 + 20);
    expect(deviationOf(values)).toBeCloseTo(Math.sqrt((41 ** 2 - 1) / 12), 12);
  });
});

describe('the default test of a column', () => {
  const numbers = (size: number, more: Partial<Sample> = {}) => numberColumn(sample({ seed: size, size, ...more }));
  const categories = (size: number, kinds: number) =>
    categoryColumn(Array.from({ length: size }, (_, at) => `kind ${at % kinds}`));

  it.each([
    ['ks', 'up to 1,000 rows of numbers', numbers(1000), numbers(200)],
    ['wasserstein', 'more', numbers(1001), numbers(200)],
    ['chisquare', 'up to five different numbers', numbers(500, { step: 1 }), numbers(100, { step: 1 })],
    ['jensenshannon', 'these in more rows', numbers(5000, { step: 1 }), numbers(100, { step: 1 })],
    ['z', 'two categories', categories(100, 2), categories(50, 2)],
    ['chisquare', 'more categories', categories(100, 3), categories(50, 2)],
    ['jensenshannon', 'categories in more rows', categories(2000, 2), categories(50, 2)],
  ])('is %s for %s', (statistic, _, reference, current) => {
    expect(judgeDrift(reference, current)?.statistic).toBe(statistic);
  });

  it('finds drift, and none in another sample of the same', () => {
    expect(judgeDrift(numbers(800), numbers(700, { shift: 0.3 }))?.isDrifted).toBe(true);
    expect(judgeDrift(numbers(800), numbers(701))?.isDrifted).toBe(false);
    expect(judgeDrift(numbers(8000), numbers(700, { shift: 0.3 }))?.isDrifted).toBe(true);
    expect(judgeDrift(numbers(8000), numbers(701))?.isDrifted).toBe(false);
  });

  it('judges a category that is new as drift, and nothing without values', () => {
    expect(judgeDrift(categories(100, 3), categoryColumn(Array(50).fill('new')))?.isDrifted).toBe(true);
    expect(judgeDrift(numbers(100), numberColumn(Float64Array.of(Number.NaN)))).toBeUndefined();
    expect(judgeDrift(numbers(100), categories(100, 3))).toBeUndefined();
  });

  it('can be another one, with another threshold', () => {
    const found = judgeDrift(numbers(800), numbers(700, { shift: 0.3 }), { statistic: 'psi', threshold: 99 });

    expect(found).toMatchObject({ statistic: 'psi', pValue: null, isDrifted: false });
  });
});

describe('sorting', () => {
  const EDGES = [0, -0, Infinity, -Infinity, Number.MIN_VALUE, -Number.MIN_VALUE, 2 ** -1022, 1, -1, 255, 65_536];
  const numbers = fc.float64Array({ minLength: 1, maxLength: 200, noNaN: true });

  it.for(['both signs', 'positive', 'negative'])('orders many numbers as few ones: %s', (signs) => {
    fc.assert(
      fc.property(numbers, (some) => {
        const all = Float64Array.from([...some, ...EDGES]);
        const many = Float64Array.from({ length: 40_000 }, (_, at) => all[(at * 7919) % all.length] as number);
        if (signs !== 'both signs') {
          for (const [at, value] of many.entries())
            many[at] = signs === 'positive' ? Math.abs(value) : -Math.abs(value);
        }
        const sorted = sortNumbers(many.slice());
        const bits = (values: Float64Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
        expect(bits(sorted).equals(bits(many.toSorted()))).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});
