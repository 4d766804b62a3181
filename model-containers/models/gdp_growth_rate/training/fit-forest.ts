import type { Observation } from '../features.ts';
import type { RandomForestWeights } from '../random-forest.ts';
import { fitTree, type TreeOptions } from './fit-tree.ts';
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
