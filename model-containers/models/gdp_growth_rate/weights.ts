import { readFile } from 'node:fs/promises';
import type { LinearRegressionWeights } from './linear-regression.ts';
import type { RandomForestWeights } from './random-forest.ts';

/** Where `train.ts` writes the fitted weights of each variant, and the model reads them. */
export const WEIGHTS_FILES = {
  LinearRegression: new URL('./weights/linear-regression.json', import.meta.url),
  RandomForest: new URL('./weights/random-forest.json', import.meta.url),
} as const;

export interface Weights {
  readonly LinearRegression: LinearRegressionWeights;
  readonly RandomForest: RandomForestWeights;
}

/** The committed weights of a variant. */
export async function readWeights<Variant extends keyof Weights>(variant: Variant): Promise<Weights[Variant]> {
  return JSON.parse(await readFile(WEIGHTS_FILES[variant], 'utf8'));
}
