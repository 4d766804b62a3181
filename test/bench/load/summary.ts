import type { LoadOptions } from './options.ts';
import { SUCCEEDED } from './predict.ts';
import type { Measured } from './run.ts';
import { latencies, type Percentiles, percentiles, rounded, type Window, windowsOf } from './statistics.ts';

/** Requests that failed in the same way. */
interface Fault {
  readonly what: string;
  /** Set if they were refused by an HTTP status. */
  readonly status: number | undefined;
  readonly count: number;
  /** The detail of the first one. */
  readonly detail: string | undefined;
}

/** A run in figures. All requests count, also those that the reports leave out. */
export interface Summary {
  readonly url: string;
  readonly model: string;
  /** The request as JSON. */
  readonly body: string;
  /** Whether the user chose the request. */
  readonly bodyWasGiven: boolean;
  readonly startedAt: string;
  /** The requested rate per second and duration. */
  readonly rate: number;
  readonly seconds: number;
  /** Shorter than requested if the run was stopped. */
  readonly sendingSeconds: number;
  readonly wasStopped: boolean;
  /** Requests that ended, or were due and not sent. */
  readonly requests: number;
  readonly succeeded: number;
  /** Requests in flight when the run was stopped. */
  readonly unfinished: number;
  /** Successful requests per second, until the last one had ended. */
  readonly throughput: number;
  /** From due time to result, of successful requests. */
  readonly latencyMs: Percentiles | undefined;
  /** The same of all requests that were sent. */
  readonly latencyOfAllMs: Percentiles | undefined;
  /** Delays of the client itself. */
  readonly sentLateMs: Percentiles;
  /** Most frequent first. */
  readonly errors: readonly Fault[];
  /** How often accepted tasks were polled again, by reason. */
  readonly askedAgain: Readonly<Record<string, number>>;
  readonly windows: readonly Window[];
}

type Asked = Pick<LoadOptions, 'url' | 'model' | 'rate' | 'seconds' | 'body'>;

interface Circumstances {
  readonly body: string;
  readonly startedAt: Date;
  readonly wasStopped: boolean;
}

export function summarize(options: Asked, measured: Measured, circumstances: Circumstances): Summary {
  const { samples, unfinished, sentLateMs, askedAgain, sendingMs } = measured;
  const { url, model, rate, seconds } = options;
  const good = samples.filter(({ what }) => what === SUCCEEDED);
  const sendingSeconds = Math.min(seconds, circumstances.wasStopped ? sendingMs / 1000 : seconds);
  const lastMs = good.reduce((last, { atMs, tookMs = 0 }) => Math.max(last, atMs + tookMs), sendingSeconds * 1000);
  return {
    ...{ url, model, body: circumstances.body, bodyWasGiven: options.body !== undefined },
    startedAt: circumstances.startedAt.toISOString(),
    ...{ rate, seconds, sendingSeconds: rounded(sendingSeconds), wasStopped: circumstances.wasStopped },
    requests: samples.length,
    succeeded: good.length,
    unfinished,
    throughput: lastMs === 0 ? 0 : rounded((good.length / lastMs) * 1000),
    latencyMs: percentiles(latencies(good)),
    latencyOfAllMs: percentiles(latencies(samples)),
    sentLateMs,
    errors: faultsOf(measured),
    askedAgain: Object.fromEntries(askedAgain),
    windows: windowsOf(samples, { seconds: sendingSeconds, rate }),
  };
}

function faultsOf({ samples, firsts }: Measured): readonly Fault[] {
  const counts = new Map<string, number>();
  for (const { what } of samples) counts.set(what, (counts.get(what) ?? 0) + 1);
  counts.delete(SUCCEEDED);
  return [...counts]
    .map(([what, count]) => ({ what, count, status: firsts.get(what)?.status, detail: firsts.get(what)?.detail }))
    .toSorted((a, b) => b.count - a.count);
}
