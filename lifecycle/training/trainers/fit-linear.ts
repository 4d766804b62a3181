import { CholeskyDecomposition, Matrix, solve } from 'ml-matrix';
import { ModelyardError } from '#core';
import { type LinearWeights, predictLinear } from '../../versions/linear-weights.ts';
import type { Examples, Trained } from './trainer.ts';

const LIBRARY = { node: process.versions.node, 'ml-matrix': '6.15.1' } as const;

/** Throws `invalid_input` for a parameter that the trainer does not have. */
export function checkNames(params: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  const unknown = Object.keys(params).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const has = known.length === 0 ? 'none' : known.join(', ');
  throw new ModelyardError('invalid_input', `The trainer has no parameter ${unknown}. It has: ${has}.`);
}

/** Fits weights to examples. Throws `invalid_input` when there are too few rows. */
export function fitLinear(examples: Examples, alpha: number): Trained {
  const weights = weightsOf(examples, alpha);
  return {
    files: { 'model.json': Buffer.from(`${JSON.stringify(weights, undefined, 1)}\n`) },
    environment: LIBRARY,
    probe: { x: examples.x, predictions: examples.x.map((row) => predictLinear(weights, row)) },
  };
}

function weightsOf({ features, x, y }: Examples, alpha: number): LinearWeights {
  if (x.length <= features.length) {
    throw new ModelyardError('invalid_input', `${x.length} rows cannot determine ${features.length + 1} weights.`);
  }
  const columns = new Matrix(x.map((row) => [...row]));
  const means = columns.mean('column');
  // A constant column has no deviation.
  const scales = columns.standardDeviation('column', { unbiased: false }).map((scale) => scale || 1);
  const z = columns.subRowVector(means).divRowVector(scales);
  const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
  const centered = Matrix.columnVector(y.map((value) => value - mean));
  const scaled = alpha === 0 ? solve(z, centered, true) : solveRidge(z, centered, alpha);
  const weights = scaled.to1DArray().map((weight, at) => weight / (scales[at] as number));
  const intercept = weights.reduce((sum, weight, at) => sum - weight * (means[at] as number), mean);
  return { format: 'linear', features, intercept, weights };
}

function solveRidge(z: Matrix, y: Matrix, alpha: number): Matrix {
  const transposed = z.transpose();
  const gram = transposed.mmul(z).add(Matrix.eye(z.columns, z.columns, alpha));
  return new CholeskyDecomposition(gram).solve(transposed.mmul(y));
}
