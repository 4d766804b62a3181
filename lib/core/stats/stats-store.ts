import type { TerminalState } from '../tasks/task.ts';
import { bucketOf } from './latency-buckets.ts';

/** Counts of one minute by key: an outcome, `q` and a bucket of queue time, `r` and a bucket of run time. */
export type StatCounts = Readonly<Record<string, number>>;

/** How a task ended, and attempts that are followed by another one. */
export const STAT_OUTCOMES = ['succeeded', 'failed', 'canceled', 'expired', 'retried'] as const;
export type StatOutcome = (typeof STAT_OUTCOMES)[number];

/** Unix minutes. */
export const minuteOf = (unixMs: number): number => Math.floor(unixMs / 60_000);

/** How long counts are kept. */
export const STATS_KEPT_MINUTES = 24 * 60;

export interface MinuteCounts {
  readonly minute: number;
  readonly counts: StatCounts;
}

/**
 * Counts of ended tasks by model and minute. They are statistics: what an instance has counted since its last write is
 * lost when it crashes. All methods reject with `store_unavailable`.
 */
export interface StatsStore {
  /** How long instances collect counts before they write them. */
  readonly flushMs: number;
  /** Adds to the counts of a minute. */
  add(model: string, minute: number, counts: StatCounts): Promise<void>;
  /** The minutes from `from` to `to`, both included, that have counts. No scan: one read per minute or cheaper. */
  read(model: string, range: { readonly from: number; readonly to: number }): Promise<readonly MinuteCounts[]>;
}

/** A task that ended, or an attempt that is retried. Durations in milliseconds, if known. */
export interface CountedEnd {
  readonly outcome: StatOutcome;
  readonly queuedMs?: number | undefined;
  readonly runMs?: number | undefined;
}

/** The keys that are counted for an end. */
export const keysOfEnd = ({ outcome, queuedMs, runMs }: CountedEnd): readonly string[] => [
  outcome,
  ...(queuedMs === undefined ? [] : [`q${bucketOf(queuedMs)}`]),
  ...(runMs === undefined ? [] : [`r${bucketOf(runMs)}`]),
];

/** Counts a task that ended without an instance. Best effort: the end itself is stored. */
export const countEnd = (
  stats: Pick<StatsStore, 'add'> | undefined,
  model: string,
  end: { readonly state: TerminalState; readonly at: number },
): Promise<void> | undefined => stats?.add(model, minuteOf(end.at), { [end.state]: 1 }).catch(() => undefined);
