import { FEATURES, type Feature, type Observation } from '../features.ts';
import type { Tree } from '../random-forest.ts';
import type { Random } from './random.ts';

export interface TreeOptions {
  /** Branches on the way to a leaf, at most. */
  readonly maxDepth: number;
  /** Rows in a leaf, at least. */
  readonly minLeaf: number;
  /** Features looked at for one branch, drawn anew each time: what makes the trees of a forest differ. */
  readonly featuresPerBranch: number;
}

/** A regression tree (CART): each branch is the cut that leaves the smallest squared error on its two sides. */
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
  /** How much of the squared error the cut explains. */
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
 * Walks the sorted rows once: with the total fixed, the squared error left over is smallest where
 * sum²/count of both sides together is largest.
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
