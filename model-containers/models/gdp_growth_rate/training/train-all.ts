import type { Features, Observation } from '../features.ts';
import { predictForest, predictLinear, type Weights } from '../regressor.ts';
import { FIRST_HELD_OUT_YEAR, parseCsv, split } from './dataset.ts';
import { fitForest } from './fit-forest.ts';
import { fitLinear } from './fit-linear.ts';

/** The weights of both variants, and a report with their R² on the held-out rows. */
export interface Training {
  readonly weights: Weights;
  readonly report: string;
}

/** Fits both variants on the rows of `data/growth.csv`. Deterministic. */
export function trainAll(csv: string): Training {
  const { fitting, heldOut } = split(parseCsv(csv));
  const weights: Weights = {
    LinearRegression: roundNumbers(fitLinear(fitting), 8),
    RandomForest: roundNumbers(fitForest(fitting), 5),
  };

  const linear = rSquared(heldOut, (features) => predictLinear(weights.LinearRegression, features));
  const forest = rSquared(heldOut, (features) => predictForest(weights.RandomForest, features));
  const report = [
    `${fitting.length} rows to fit on, ${heldOut.length} rows held out (years from ${FIRST_HELD_OUT_YEAR} on)`,
    `LinearRegression  R² on held-out rows: ${linear.toFixed(3)}`,
    `RandomForest      R² on held-out rows: ${forest.toFixed(3)}`,
    '',
  ].join('\n');
  return { weights, report };
}

/** Rounding keeps the file short and independent of the machine's last floating-point bits. */
const roundNumbers = <T>(weights: T, digits: number): T =>
  JSON.parse(
    JSON.stringify(weights, (_, value) => (typeof value === 'number' ? Number(value.toPrecision(digits)) : value)),
  );

/** The coefficient of determination: 1 is a perfect prediction, 0 is as good as the mean. */
function rSquared(rows: readonly Observation[], predict: (features: Features) => number): number {
  const mean = rows.reduce((sum, { growth }) => sum + growth, 0) / rows.length;
  const residual = rows.reduce((sum, { features, growth }) => sum + (growth - predict(features)) ** 2, 0);
  const total = rows.reduce((sum, { growth }) => sum + (growth - mean) ** 2, 0);
  return 1 - residual / total;
}
