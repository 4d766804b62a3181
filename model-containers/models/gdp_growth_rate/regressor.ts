import { readFile } from 'node:fs/promises';
import { FEATURES, type Feature, type Features } from './features.ts';
import { manifest } from './manifest.ts';

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

/** The fitted coefficients, in the units of the data. */
export interface LinearRegressionWeights {
  readonly intercept: number;
  readonly coefficients: Features;
}

/** Growth in percent. */
export const predictLinear = ({ intercept, coefficients }: LinearRegressionWeights, features: Features): number =>
  FEATURES.reduce((sum, feature) => sum + coefficients[feature] * features[feature], intercept);

/** A leaf is the predicted growth in percent. A branch sends values up to `at` to `below`, others to `above`. */
export type Tree = number | Branch;

interface Branch {
  readonly feature: Feature;
  readonly at: number;
  readonly below: Tree;
  readonly above: Tree;
}

export interface RandomForestWeights {
  readonly trees: readonly Tree[];
}

/** Growth in percent: the mean of all trees. */
export function predictForest({ trees }: RandomForestWeights, features: Features): number {
  const sum = trees.reduce<number>((total, tree) => total + predictTree(tree, features), 0);
  return sum / trees.length;
}

/** Growth in percent. */
export function predictTree(tree: Tree, features: Features): number {
  let node = tree;
  while (typeof node !== 'number') node = features[node.feature] <= node.at ? node.below : node.above;
  return node;
}

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
