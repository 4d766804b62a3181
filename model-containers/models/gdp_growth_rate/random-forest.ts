import type { Feature, Features } from './features.ts';

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
