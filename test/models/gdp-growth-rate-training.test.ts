import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { predictLinear, predictTree, readWeights, type Tree } from '#models/gdp_growth_rate/regressor.ts';

import { formatCsv, parseCsv } from '#models/gdp_growth_rate/training/dataset.ts';
import { fitTree } from '#models/gdp_growth_rate/training/fit-forest.ts';
import { fitLinear } from '#models/gdp_growth_rate/training/fit-linear.ts';
import { createRandom } from '#models/gdp_growth_rate/training/random.ts';
import { simulate } from '#models/gdp_growth_rate/training/simulate.ts';
import { trainAll } from '#models/gdp_growth_rate/training/train-all.ts';

const file = (path: string) => readFile(new URL(import.meta.resolve(`#models/gdp_growth_rate/${path}`)), 'utf8');
const number = fc.double({ min: -50, max: 50, noNaN: true });
const someFeatures = fc.record({
  gdp_per_capita: fc.double({ min: 100, max: 100_000, noNaN: true }),
  unemployment_rate: number,
  gdp_growth_rate_lag: number,
  gdp_growth_rate_ma: number,
});

describe('training', () => {
  it('gives the committed weights again', async () => {
    const { weights } = trainAll(await file('data/growth.csv'));

    expect(weights.LinearRegression).toEqual(await readWeights('LinearRegression'));
    expect(weights.RandomForest).toEqual(await readWeights('RandomForest'));
  });

  it('reports the R² that the README names', async () => {
    const { report } = trainAll(await file('data/growth.csv'));

    expect(await file('README.md')).toContain(report.trimEnd());
  });

  it('starts from data that its documented process gives again', async () => {
    const committed = await file('data/growth.csv');

    expect(formatCsv(simulate())).toBe(committed);
    expect(formatCsv(parseCsv(committed))).toBe(committed);
  });

  it.each([
    ['another header', 'a,b\n1,2\n', 'Line 1'],
    ['a cell that is no number', 'x', 'Line 3'],
  ])('refuses data with %s', (_, text, where) => {
    const [header, first] = formatCsv(simulate()).split('\n');
    const csv = text === 'x' ? `${header}\n${first}\n1,2,x,4,5,6,7\n` : text;

    expect(() => parseCsv(csv)).toThrow(where);
  });
});

describe('the linear fit', () => {
  it('finds the line that the rows lie on', () => {
    const line = fc.record({ intercept: number, coefficients: someFeatures });
    const random = createRandom(1);
    const rows = Array.from({ length: 40 }, () => ({
      gdp_per_capita: 50_000 * random.uniform(),
      unemployment_rate: 5 + random.normal(),
      gdp_growth_rate_lag: random.normal(),
      gdp_growth_rate_ma: random.normal(),
    }));

    fc.assert(
      fc.property(line, (weights) => {
        const observed = rows.map((features) => ({ features, growth: predictLinear(weights, features) }));

        const fitted = fitLinear(observed);

        for (const { features, growth } of observed)
          expect(Math.abs(predictLinear(fitted, features) - growth)).toBeLessThan(1e-6 * (1 + Math.abs(growth)));
      }),
    );
  });

  it('refuses features that say the same', () => {
    const row = { gdp_per_capita: 1, unemployment_rate: 2, gdp_growth_rate_lag: 3, gdp_growth_rate_ma: 4 };
    const rows = [1, 2, 3].map((growth) => ({ features: { ...row, gdp_per_capita: growth }, growth }));

    expect(() => fitLinear(rows)).toThrow('The features are linearly dependent.');
  });
});

describe('a fitted tree', () => {
  const options = { maxDepth: 4, minLeaf: 3, featuresPerBranch: 4 };

  it('finds the step that the rows make', () => {
    const rows = Array.from({ length: 20 }, (_, lag) => ({
      features: { gdp_per_capita: 1, unemployment_rate: 5, gdp_growth_rate_lag: lag, gdp_growth_rate_ma: 0 },
      growth: lag < 8 ? -1 : 4,
    }));

    const tree = fitTree(rows, options, createRandom(1));

    expect(tree).toEqual({ feature: 'gdp_growth_rate_lag', at: 7.5, below: -1, above: 4 });
  });

  it('never predicts outside what it saw, and is never deeper than told', () => {
    const rows = fc.array(fc.record({ features: someFeatures, growth: number }), { minLength: 6, maxLength: 60 });

    fc.assert(
      fc.property(rows, someFeatures, (observed, features) => {
        const tree = fitTree(observed, options, createRandom(1));

        const seen = observed.map(({ growth }) => growth);
        expect(predictTree(tree, features)).toBeGreaterThanOrEqual(Math.min(...seen) - 1e-9);
        expect(predictTree(tree, features)).toBeLessThanOrEqual(Math.max(...seen) + 1e-9);
        expect(depthOf(tree)).toBeLessThanOrEqual(options.maxDepth);
      }),
    );
  });
});

const depthOf = (tree: Tree): number =>
  typeof tree === 'number' ? 0 : 1 + Math.max(depthOf(tree.below), depthOf(tree.above));
