import type { ModelStats, Quantiles, StatOutcome, Summary } from '#core';

interface QuantilesBody {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Ends of tasks in a period. */
export interface SummaryBody extends Readonly<Record<StatOutcome, number>> {
  /** Tasks that ended. */
  readonly ended: number;
  /** From submit to start; null if no run ended. */
  readonly queue_ms: QuantilesBody | null;
  /** Of the last run; null if no run ended. */
  readonly run_ms: QuantilesBody | null;
}

/** The statistics of a model in the HTTP API. */
export interface StatsBody {
  readonly model: string;
  readonly minutes: number;
  readonly total: SummaryBody;
  /** One per minute, oldest first, empty minutes included. */
  readonly series: readonly (SummaryBody & { readonly minute: string })[];
}

export const presentStats = (model: string, { total, series }: ModelStats): StatsBody => ({
  model,
  minutes: series.length,
  total: presentSummary(total),
  series: series.map(({ minute, ...summary }) => ({
    minute: new Date(minute * 60_000).toISOString(),
    ...presentSummary(summary),
  })),
});

function presentSummary({ queueMs, runMs, ...outcomes }: Summary): SummaryBody {
  const { succeeded, failed, canceled, expired } = outcomes;
  return {
    ...outcomes,
    ended: succeeded + failed + canceled + expired,
    queue_ms: rounded(queueMs),
    run_ms: rounded(runMs),
  };
}

/** Three digits: the buckets are no more exact. */
const rounded = (quantiles: Quantiles | undefined): QuantilesBody | null =>
  quantiles === undefined
    ? null
    : {
        p50: Number(quantiles.p50.toPrecision(3)),
        p90: Number(quantiles.p90.toPrecision(3)),
        p99: Number(quantiles.p99.toPrecision(3)),
      };
