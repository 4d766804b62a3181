import { get } from './api.ts';
import { pollEvery } from './live-lists.ts';

interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

interface Summary {
  readonly ended: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly expired: number;
  readonly queue_ms: Quantiles | null;
  readonly run_ms: Quantiles | null;
}

export interface ModelStats {
  readonly minutes: number;
  readonly total: Summary;
  /** Oldest first. */
  readonly series: readonly (Summary & { readonly minute: string })[];
}

export const STATS_ROUTE = '/models/{model}/stats';

/** How the tasks of a model ended in the last quarter of an hour. */
export const statsQuery = (model: string, isLive = false) => ({
  queryKey: ['stats', model],
  queryFn: () => get<ModelStats>(`/models/${model}/stats?minutes=15`),
  refetchInterval: pollEvery(10_000, isLive),
});
