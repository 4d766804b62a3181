import type { StatsStore } from '#core';
import { late } from '../late.ts';
import type { DynamoTableOptions } from '../tasks/dynamo-task-store.ts';

/** Each write costs money, so instances write once a minute. */
const FLUSH_MS = 60_000;

/** Loaded by its first call: handlers that answer a caller at once rarely use it and start faster without it. */
export function lateStatsStore(options: Omit<DynamoTableOptions, 'clock'>): StatsStore {
  return {
    flushMs: FLUSH_MS,
    ...late(async () => new (await import('./dynamo-stats-store.ts')).DynamoStatsStore(options), ['add', 'read']),
  };
}
