import type { Features } from './features.ts';
import { predictLinear } from './linear-regression.ts';
import { manifest } from './manifest.ts';
import { predictForest } from './random-forest.ts';
import { readWeights } from './weights.ts';

type Variant = (typeof manifest.variants)[number];

/** A variant with its weights. */
export interface Regressor {
  readonly variant: Variant;
  /** Growth in percent. */
  predict(features: Features): number;
}

const LOADERS: Record<Variant, () => Promise<Regressor['predict']>> = {
  async LinearRegression() {
    const weights = await readWeights('LinearRegression');
    return (features) => predictLinear(weights, features);
  },
  async RandomForest() {
    const weights = await readWeights('RandomForest');
    return (features) => predictForest(weights, features);
  },
};

/** Reads the weights of a variant. @default the first variant of the manifest. Throws for an unknown variant. */
export async function loadRegressor(name: string = manifest.variants[0]): Promise<Regressor> {
  const variant = manifest.variants.find((known) => known === name);
  if (!variant) throw new Error(`Unknown variant ${name}. Known variants: ${manifest.variants.join(', ')}.`);
  return { variant, predict: await LOADERS[variant]() };
}
