import type { ColumnQuality } from '#core';
import { binned, sturgesEdges } from './statistics/bins.ts';
import { type Column, countsOf, distinctOf, firstAbove, firstFrom, sizeOf } from './statistics/column.ts';
import { deviationOf, meanOf } from './statistics/drift.ts';

/** How the values of a column are distributed, then and now, for a plot. */
export interface Distribution {
  /** One more than there are bars. Absent for categories. */
  readonly edges?: readonly number[];
  /** Absent for numbers. */
  readonly labels?: readonly string[];
  /** Shares. Null without a training set. */
  readonly reference: readonly number[] | null;
  readonly current: readonly number[];
}

const MAX_CATEGORIES = 20;

/** Data quality of a column. */
export function qualityOf(column: Column, reference?: Column): ColumnQuality {
  const values = sizeOf(column);
  const counted = { type: column.type, rows: values + column.missing, missing: column.missing };
  const quality = { ...counted, distinct: distinctOf([column]), unseen: unseenIn(column, reference) };
  if (column.type !== 'number' || values === 0) return quality;
  const { sorted } = column;
  const [min, max] = [sorted[0] as number, sorted[values - 1] as number];
  return { ...quality, min, max, mean: meanOf(sorted), deviation: deviationOf(sorted) };
}

/** How many values are outside everything that the version was trained on. */
function unseenIn(column: Column, reference: Column | undefined): number {
  if (!reference || reference.type !== column.type || sizeOf(reference) === 0) return 0;
  if (column.type === 'number' && reference.type === 'number') {
    const below = firstFrom(column.sorted, reference.sorted[0] as number);
    return below + column.sorted.length - firstAbove(column.sorted, reference.sorted.at(-1) as number);
  }
  const known = countsOf(reference);
  return [...countsOf(column)].reduce((sum, [value, count]) => sum + (known.has(value) ? 0 : count), 0);
}

/** Undefined for a column without values. */
export function distributionOf(column: Column, reference?: Column): Distribution | undefined {
  const other = reference && reference.type === column.type && sizeOf(reference) > 0 ? reference : undefined;
  if (sizeOf(column) === 0) return undefined;
  if (column.type === 'number') {
    const then = other?.type === 'number' ? other.sorted : undefined;
    const edges = sturgesEdges(then ?? column.sorted, column.sorted);
    return { edges, reference: then ? binned(then, edges) : null, current: binned(column.sorted, edges) };
  }
  const [now, then] = [sharesIn(column), other && sharesIn(other)];
  const all = new Map([...(then ?? []), ...now]);
  const weight = (label: string) => Math.max(now.get(label) ?? 0, then?.get(label) ?? 0);
  const labels = [...all.keys()].toSorted((a, b) => weight(b) - weight(a) || (a < b ? -1 : 1)).slice(0, MAX_CATEGORIES);
  return {
    labels,
    reference: then ? labels.map((label) => then.get(label) ?? 0) : null,
    current: labels.map((label) => now.get(label) ?? 0),
  };
}

/** The share of each value. */
function sharesIn(column: Column): ReadonlyMap<string, number> {
  const total = sizeOf(column);
  return new Map([...countsOf(column)].map(([value, count]) => [value, count / total]));
}
