import { FEATURES, type Feature, type Observation } from '../features.ts';
import type { RandomForestWeights, Tree } from '../regressor.ts';
import { createRandom, type Random } from './random.ts';

export interface ForestOptions extends TreeOptions {
  readonly trees: number;
  readonly seed: number;
}

const DEFAULTS: ForestOptions = { trees: 60, maxDepth: 7, minLeaf: 10, featuresPerBranch: 2, seed: 7 };

/** A random forest: each tree is fitted on its own bootstrap sample of the rows. */
export function fitForest(rows: readonly Observation[], options: ForestOptions = DEFAULTS): RandomForestWeights {
  const random = createRandom(options.seed);
  return { trees: Array.from({ length: options.trees }, () => fitTree(bootstrap(rows, random), options, random)) };
}

/** As many rows as the original, drawn with replacement. */
const bootstrap = (rows: readonly Observation[], random: Random): Observation[] =>
  rows.flatMap(() => rows[random.integer(rows.length)] ?? []);

export interface TreeOptions {
  /** Maximum number of branches on the path to a leaf. */
  readonly maxDepth: number;
  /** Minimum number of rows in a leaf. */
  readonly minLeaf: number;
  /** Number of randomly drawn features per branch. This makes the trees of a forest differ. */
  readonly featuresPerBranch: number;
}

/** A regression tree (CART): each branch is the cut with the smallest squared error. */
export function fitTree(rows: readonly Observation[], options: TreeOptions, random: Random, depth = 0): Tree {
  const cut = depth < options.maxDepth ? bestCut(rows, options, random) : undefined;
  if (!cut) return mean(rows);

  const { feature, at } = cut;
  const below = rows.filter(({ features }) => features[feature] <= at);
  const above = rows.filter(({ features }) => features[feature] > at);
  return {
    feature,
    at,
    below: fitTree(below, options, random, depth + 1),
    above: fitTree(above, options, random, depth + 1),
  };
}

interface Cut {
  readonly feature: Feature;
  readonly at: number;
  /** The squared error that the cut removes. */
  readonly gain: number;
}

function bestCut(rows: readonly Observation[], options: TreeOptions, random: Random): Cut | undefined {
  let best: Cut | undefined;
  for (const feature of drawFeatures(options.featuresPerBranch, random)) {
    const cut = bestCutOf(feature, rows, options.minLeaf);
    if (cut && (!best || cut.gain > best.gain)) best = cut;
  }
  return best;
}

/**
 * One pass over the sorted rows. The total is fixed, so the error is smallest where sum²/count of both sides is
 * largest.
 */
function bestCutOf(feature: Feature, rows: readonly Observation[], minLeaf: number): Cut | undefined {
  const sorted = rows.toSorted((left, right) => left.features[feature] - right.features[feature]);
  const total = sum(sorted);
  const whole = total ** 2 / sorted.length;

  let best: Cut | undefined;
  let below = 0;
  for (const [index, row] of sorted.entries()) {
    const next = sorted[index + 1];
    if (!next) break;
    below += row.growth;
    const count = index + 1;
    const others = sorted.length - count;
    const isEqual = row.features[feature] === next.features[feature];
    if (isEqual || count < minLeaf || others < minLeaf) continue;

    const gain = below ** 2 / count + (total - below) ** 2 / others - whole;
    if (gain > (best?.gain ?? 1e-9)) best = { feature, at: between(row, next, feature), gain };
  }
  return best;
}

const between = (left: Observation, right: Observation, feature: Feature): number =>
  (left.features[feature] + right.features[feature]) / 2;

function drawFeatures(count: number, random: Random): Feature[] {
  const left: Feature[] = [...FEATURES];
  return Array.from({ length: count }, () => left.splice(random.integer(left.length), 1)).flat();
}

const sum = (rows: readonly Observation[]): number => rows.reduce((total, { growth }) => total + growth, 0);

const mean = (rows: readonly Observation[]): number => sum(rows) / rows.length;
