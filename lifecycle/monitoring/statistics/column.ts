import { sortNumbers } from './sort-numbers.ts';

/** The values of a column that are there. Numbers are finite and sorted; infinite ones count as missing. */
export type Column =
  | { readonly type: 'number'; readonly sorted: Float64Array; readonly missing: number }
  | { readonly type: 'category'; readonly counts: ReadonlyMap<string, number>; readonly missing: number };

/** NaN stands for a missing value. */
export function numberColumn(values: Float64Array): Column {
  // `filter` of a typed array costs as much as sorting it.
  const finite = new Float64Array(values.length);
  let count = 0;
  for (const value of values) if (Number.isFinite(value)) finite[count++] = value;
  return { type: 'number', sorted: sortNumbers(finite.subarray(0, count)), missing: values.length - count };
}

/** Null stands for a missing value. */
export function categoryColumn(values: readonly (string | null)[]): Column {
  const counts = new Map<string, number>();
  let missing = 0;
  for (const value of values) {
    if (value === null) missing += 1;
    else counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return { type: 'category', counts, missing };
}

/** How many values are there. */
export const sizeOf = (column: Column): number =>
  column.type === 'number' ? column.sorted.length : [...column.counts.values()].reduce((sum, count) => sum + count, 0);

/** How many different values columns have together, counted up to `most` for numbers. */
export function distinctOf(columns: readonly Column[], most = Infinity): number {
  const seen = new Set<number | string>();
  for (const column of columns) {
    for (const value of column.type === 'number' ? stepsOf(column.sorted) : column.counts.keys()) {
      seen.add(value);
      if (seen.size >= most) return seen.size;
    }
  }
  return seen.size;
}

/** How often each value occurs. Numbers are written as text. */
export function countsOf(column: Column): ReadonlyMap<string, number> {
  if (column.type === 'category') return column.counts;
  const counts = new Map<string, number>();
  let from = 0;
  for (const value of stepsOf(column.sorted)) {
    const to = firstAbove(column.sorted, value);
    counts.set(String(value), to - from);
    from = to;
  }
  return counts;
}

/** The different values of a sorted list. */
function* stepsOf(sorted: Float64Array): Generator<number> {
  for (let at = 0; at < sorted.length; ) {
    const value = sorted[at] as number;
    yield value;
    at = firstAbove(sorted, value, at);
  }
}

/** The position of the first value above this one. */
export function firstAbove(sorted: Float64Array, value: number, from = 0): number {
  let [low, high] = [from, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The position of the first value that is not below this one. */
export function firstFrom(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
