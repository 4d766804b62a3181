import type { Features, Observation } from '../features.ts';

/** The coefficient of determination: 1 is a perfect prediction, 0 is as good as the mean. */
export function rSquared(rows: readonly Observation[], predict: (features: Features) => number): number {
  const mean = rows.reduce((sum, { growth }) => sum + growth, 0) / rows.length;
  const residual = rows.reduce((sum, { features, growth }) => sum + (growth - predict(features)) ** 2, 0);
  const total = rows.reduce((sum, { growth }) => sum + (growth - mean) ** 2, 0);
  return 1 - residual / total;
}
