import type { Clock } from '../clock.ts';
import { type Histogram, quantileOf } from './latency-buckets.ts';
import { minuteOf, STAT_OUTCOMES, type StatCounts, type StatOutcome, type StatsStore } from './stats-store.ts';

/** Milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Ends of tasks in a period. Quantiles are undefined if nothing was measured. */
export interface Summary extends Readonly<Record<StatOutcome, number>> {
  readonly queueMs: Quantiles | undefined;
  readonly runMs: Quantiles | undefined;
}

export interface ModelStats {
  readonly total: Summary;
  /** One per minute, oldest first. The last minute is the current one. */
  readonly series: readonly (Summary & { readonly minute: number })[];
}

/** The statistics of the last minutes, 1 to `STATS_KEPT_MINUTES`. Rejects with `store_unavailable`. */
export async function readStats(
  { stats, clock }: { readonly stats: StatsStore; readonly clock: Clock },
  { model, minutes }: { readonly model: string; readonly minutes: number },
): Promise<ModelStats> {
  const to = minuteOf(clock.now());
  const from = to - minutes + 1;
  const found = new Map((await stats.read(model, { from, to })).map(({ minute, counts }) => [minute, counts]));
  const series = Array.from({ length: minutes }, (_, i) => ({ minute: from + i, ...summarize([found.get(from + i)]) }));
  return { total: summarize([...found.values()]), series };
}

function summarize(minutes: readonly (StatCounts | undefined)[]): Summary {
  const sums = new Map<string, number>();
  for (const counts of minutes) {
    for (const [key, count] of Object.entries(counts ?? {})) sums.set(key, (sums.get(key) ?? 0) + count);
  }
  const outcomes = Object.fromEntries(STAT_OUTCOMES.map((name) => [name, sums.get(name) ?? 0]));
  return {
    ...(outcomes as Record<StatOutcome, number>),
    queueMs: quantilesOf(histogramOf(sums, 'q')),
    runMs: quantilesOf(histogramOf(sums, 'r')),
  };
}

function histogramOf(sums: ReadonlyMap<string, number>, kind: 'q' | 'r'): Histogram {
  const pattern = new RegExp(`^${kind}(\\d+)$`);
  const buckets = [...sums].flatMap(([key, count]) => {
    const bucket = pattern.exec(key)?.[1];
    return bucket === undefined ? [] : [[Number(bucket), count] as const];
  });
  return new Map(buckets);
}

function quantilesOf(histogram: Histogram): Quantiles | undefined {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => quantileOf(histogram, share));
  return p50 === undefined || p90 === undefined || p99 === undefined ? undefined : { p50, p90, p99 };
}
