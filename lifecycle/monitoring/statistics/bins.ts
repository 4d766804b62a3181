import { type Column, countsOf, distinctOf, firstAbove, firstFrom } from './column.ts';

/** Reference columns with more different numbers get bins; the others are compared value by value. */
const MAX_VALUES = 20;

/** The shares of two columns in the same bins, or of the same values, as Evidently makes them. */
export interface Shares {
  readonly reference: readonly number[];
  readonly current: readonly number[];
}

export function sharesOf(reference: Column, current: Column): Shares {
  if (
    reference.type === 'number' &&
    current.type === 'number' &&
    distinctOf([reference], MAX_VALUES + 1) > MAX_VALUES
  ) {
    const edges = sturgesEdges(reference.sorted, current.sorted);
    return { reference: binned(reference.sorted, edges), current: binned(current.sorted, edges) };
  }
  const { reference: x, current: y } = alignedCounts(reference, current);
  const [totalX, totalY] = [sumOf(x), sumOf(y)];
  return { reference: x.map((count) => count / totalX), current: y.map((count) => count / totalY) };
}

/** How often each value of either column occurs in both, in the order of the values. */
export function alignedCounts(reference: Column, current: Column): Shares {
  const [x, y] = [countsOf(reference), countsOf(current)];
  const isNumber = reference.type === 'number';
  const keys = [...new Set([...x.keys(), ...y.keys()])].toSorted(
    isNumber ? (a, b) => Number(a) - Number(b) : undefined,
  );
  return { reference: keys.map((key) => x.get(key) ?? 0), current: keys.map((key) => y.get(key) ?? 0) };
}

/** Edges of equal bins over both samples. Their number is Sturges' (1926), as `numpy.histogram_bin_edges` computes it. */
export function sturgesEdges(a: Float64Array, b: Float64Array): readonly number[] {
  const first = Math.min(a[0] as number, b[0] as number);
  const last = Math.max(a.at(-1) as number, b.at(-1) as number);
  if (first === last) return [first - 0.5, first + 0.5];
  const width = (last - first) / (Math.log2(a.length + b.length) + 1);
  const bins = Math.ceil((last - first) / width);
  const step = (last - first) / bins;
  return [...Array.from({ length: bins }, (_, at) => first + at * step), last];
}

/** The share of the values in each bin. A bin has its lower edge, and the last one its upper edge too. */
export function binned(sorted: Float64Array, edges: readonly number[]): readonly number[] {
  const positions = edges.map((edge, at) =>
    at === edges.length - 1 ? firstAbove(sorted, edge) : firstFrom(sorted, edge),
  );
  return positions.slice(1).map((to, at) => (to - (positions[at] as number)) / sorted.length);
}

export const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
