import { readFile } from 'node:fs/promises';
import type { LinearRegressionWeights } from './linear-regression.ts';
import type { RandomForestWeights } from './random-forest.ts';

/** The fitted weights of each variant. `train.ts` writes these files. */
export const WEIGHTS_FILES = {
  LinearRegression: new URL('./weights/linear-regression.json', import.meta.url),
  RandomForest: new URL('./weights/random-forest.json', import.meta.url),
} as const;

export interface Weights {
  readonly LinearRegression: LinearRegressionWeights;
  readonly RandomForest: RandomForestWeights;
}

export async function readWeights<Variant extends keyof Weights>(variant: Variant): Promise<Weights[Variant]> {
  return JSON.parse(await readFile(WEIGHTS_FILES[variant], 'utf8'));
}
