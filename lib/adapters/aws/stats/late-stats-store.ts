import type { StatsStore } from '#core';
import type { DynamoTableOptions } from '../tasks/dynamo-task-store.ts';

/** Each write costs money, so instances write once a minute. */
const FLUSH_MS = 60_000;

/** Loaded by its first call: handlers that answer a caller at once rarely use it and start faster without it. */
export function lateStatsStore(options: Omit<DynamoTableOptions, 'clock'>): StatsStore {
  const load = async () => {
    const { DynamoStatsStore } = await import('./dynamo-stats-store.ts');
    return new DynamoStatsStore(options);
  };
  return {
    flushMs: FLUSH_MS,
    add: async (...counted) => (await load()).add(...counted),
    read: async (...asked) => (await load()).read(...asked),
  };
}
