import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import model from '#models/gdp_growth_rate/model.ts';
import { readWeights } from '#models/gdp_growth_rate/regressor.ts';
import { InvalidInput } from '#runtime/define-model.ts';
import { setupContext } from './support/contexts.ts';
import { run } from './support/run.ts';

const REQUEST = { gdp_per_capita: 50_000, unemployment_rate: 5.2, gdp_growth_rate_lag: 2.1, gdp_growth_rate_ma: 2.3 };

describe('gdp_growth_rate', () => {
  it('serves the linear regression by default', async () => {
    const { intercept, coefficients } = await readWeights('LinearRegression');

    const answer = await run(model, REQUEST);

    const byHand =
      intercept +
      coefficients.gdp_per_capita * 50_000 +
      coefficients.unemployment_rate * 5.2 +
      coefficients.gdp_growth_rate_lag * 2.1 +
      coefficients.gdp_growth_rate_ma * 2.3;
    expect(answer.variant).toBe('LinearRegression');
    expect(answer.growth_percent).toBeCloseTo(byHand, 10);
  });

  it('serves the random forest when the instance was started with it', async () => {
    const answer = await run(model, REQUEST, { variant: 'RandomForest' });

    expect(answer.variant).toBe('RandomForest');
    expect(answer.growth_percent).not.toBe((await run(model, REQUEST)).growth_percent);
  });

  it.each(['LinearRegression', 'RandomForest'])(
    'expects an economy that grew to keep growing (%s)',
    async (variant) => {
      const slump = await run(model, { ...REQUEST, gdp_growth_rate_lag: -3 }, { variant });
      const boom = await run(model, { ...REQUEST, gdp_growth_rate_lag: 6 }, { variant });

      expect(boom.growth_percent).toBeGreaterThan(slump.growth_percent + 1);
    },
  );

  it('does not start with a variant that it lacks', async () => {
    const setup = async () => model.setup?.(setupContext({ variant: 'DecisionTree' }));

    await expect(setup()).rejects.toThrow(
      'Unknown variant DecisionTree. Known variants: LinearRegression, RandomForest.',
    );
  });

  it.each([
    ['a missing number', { gdp_growth_rate_lag: Number.NaN }],
    ['an infinite number', { gdp_growth_rate_ma: Number.NEGATIVE_INFINITY }],
    ['a negative income', { gdp_per_capita: -1 }],
    ['more unemployed than people', { unemployment_rate: 100.1 }],
  ])('refuses %s for good', async (_, wrong) => {
    const answer = run(model, { ...REQUEST, ...wrong });

    await expect(answer).rejects.toBeInstanceOf(InvalidInput);
  });

  it('reads its weights from files of less than half a megabyte', async () => {
    const forest = await readFile(new URL(import.meta.resolve('#models/gdp_growth_rate/weights/random-forest.json')));

    expect(forest.byteLength).toBeLessThan(500_000);
  });
});
