export { type ModelStats, type Quantiles, readStats, type Summary } from './read-stats.ts';
export {
  countEnd,
  keysOfEnd,
  type MinuteCounts,
  minuteOf,
  STAT_OUTCOMES,
  STATS_KEPT_MINUTES,
  type StatCounts,
  type StatOutcome,
  type StatsStore,
} from './stats-store.ts';
