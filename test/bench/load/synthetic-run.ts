import type { Outcome } from './predict.ts';
import type { Measured, Sample } from './run.ts';
import type { Percentiles } from './statistics.ts';
import { type Summary, summarize } from './summary.ts';

/** A client that sent every request so late. */
export const late = (ms: number): Percentiles => ({ p50: ms, p90: ms, p99: ms, max: ms });

/** A synthetic run for tests: its samples and their summary. */
export function syntheticRun(
  samples: readonly Sample[],
  more: Partial<Pick<Measured, 'unfinished' | 'askedAgain' | 'sentLateMs'>> & {
    readonly firsts?: readonly Outcome[];
    readonly wasStopped?: boolean;
    readonly rate?: number;
    readonly seconds?: number;
  } = {},
): { readonly summary: Summary; readonly samples: readonly Sample[] } {
  const { firsts = [], wasStopped = false, rate = 10, seconds = 10, ...seen } = more;
  const options = { url: 'http://api.test', model: 'model_a', rate, seconds, body: undefined };
  const measured = {
    ...{ samples, askedAgain: new Map(), sentLateMs: late(1), unfinished: 0, sendingMs: seconds * 1000, ...seen },
    firsts: new Map(firsts.map((outcome) => [outcome.what, outcome])),
  };
  const circumstances = { body: '{"data":"example"}', startedAt: new Date(0), wasStopped };
  return { summary: summarize(options, measured, circumstances), samples };
}

/** `count` samples, `everyMs` apart, with latencies of `tookMs` and outcomes of `what`. */
export const syntheticSamples = (
  count: number,
  everyMs: number,
  {
    tookMs,
    what = () => 'succeeded',
  }: { tookMs: (index: number) => number | undefined; what?: (index: number) => string },
): readonly Sample[] =>
  Array.from({ length: count }, (_, index) => ({ atMs: index * everyMs, tookMs: tookMs(index), what: what(index) }));
