import { FEATURES, type Feature, type Features, type Observation } from '../features.ts';
import type { LinearRegressionWeights } from '../regressor.ts';

/**
 * Ordinary least squares by the normal equations. Features are standardized first, because mixed units make the matrix
 * ill-conditioned. The result is in original units. Throws when features are linearly dependent.
 */
export function fitLinear(rows: readonly Observation[]): LinearRegressionWeights {
  const columns = FEATURES.map((feature) => standardize(rows.map(({ features }) => features[feature])));
  const meanGrowth = mean(rows.map(({ growth }) => growth));
  const target = rows.map(({ growth }) => growth - meanGrowth);

  const slopes = solve(
    columns.map(({ values }) => columns.map((other) => dot(values, other.values))),
    columns.map(({ values }) => dot(values, target)),
  );

  const perUnit = columns.map(({ deviation }, index) => at(slopes, index) / deviation);
  const intercept = columns.reduce((sum, column, index) => sum - at(perUnit, index) * column.mean, meanGrowth);
  return { intercept, coefficients: byFeature(perUnit) };
}

interface Standardized {
  readonly mean: number;
  readonly deviation: number;
  readonly values: readonly number[];
}

function standardize(values: readonly number[]): Standardized {
  const center = mean(values);
  const deviation = Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
  return { mean: center, deviation, values: values.map((value) => (value - center) / deviation) };
}

/** Gaussian elimination with partial pivoting. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, index) => [...row, at(right, index)]);
  for (const pivot of rows.keys()) {
    bringLargestUp(rows, pivot);
    for (const lower of rows.slice(pivot + 1)) subtract(lower, row(rows, pivot), pivot);
  }

  const solution = rows.map(() => 0);
  for (const index of [...rows.keys()].reverse()) {
    const current = row(rows, index);
    const known = dot(current.slice(index + 1, rows.length), solution.slice(index + 1));
    solution[index] = (at(current, rows.length) - known) / at(current, index);
  }
  return solution;
}

function bringLargestUp(rows: number[][], pivot: number): void {
  const candidates = rows.slice(pivot).map((candidate) => Math.abs(at(candidate, pivot)));
  const largest = Math.max(...candidates);
  if (!(largest > 1e-9)) throw new Error('The features are linearly dependent.');
  const [chosen] = rows.splice(pivot + candidates.indexOf(largest), 1);
  if (chosen) rows.splice(pivot, 0, chosen);
}

function subtract(lower: number[], pivotRow: readonly number[], pivot: number): void {
  const factor = at(lower, pivot) / at(pivotRow, pivot);
  for (const column of lower.keys()) lower[column] = at(lower, column) - factor * at(pivotRow, column);
}

const byFeature = (values: readonly number[]): Features =>
  Object.fromEntries(FEATURES.map((feature, index) => [feature, at(values, index)])) as Record<Feature, number>;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const dot = (left: readonly number[], right: readonly number[]): number =>
  left.reduce((sum, value, index) => sum + value * at(right, index), 0);

const at = (values: readonly number[], index: number): number => values[index] ?? Number.NaN;

const row = (rows: readonly number[][], index: number): number[] => rows[index] ?? [];
