import type { LoadOptions } from './options.ts';
import { SUCCEEDED } from './predict.ts';
import type { Measured } from './run.ts';
import { latencies, type Percentiles, percentiles, rounded, type Window, windowsOf } from './statistics.ts';

/** Requests that did not succeed in one way. */
export interface Fault {
  readonly what: string;
  /** The HTTP status, where they were refused by one. */
  readonly status: number | undefined;
  readonly count: number;
  /** What the first of them was told. */
  readonly detail: string | undefined;
}

/** A run in figures: all of its requests, however many of them the reports show one by one. */
export interface Summary {
  readonly url: string;
  readonly model: string;
  /** The request in JSON. */
  readonly body: string;
  /** Whether the request was chosen by whoever ran it. */
  readonly bodyWasGiven: boolean;
  readonly startedAt: string;
  /** What was asked for: requests a second, for so many seconds. */
  readonly rate: number;
  readonly seconds: number;
  /** How long requests were sent: shorter when it was stopped. */
  readonly sendingSeconds: number;
  readonly wasStopped: boolean;
  /** That ended in some way, or were due and not sent. */
  readonly requests: number;
  readonly succeeded: number;
  /** Requests whose end was not awaited, because it was stopped. */
  readonly unfinished: number;
  /** Successes a second, from the start until requests were no longer sent and the last success was there. */
  readonly throughput: number;
  /** From when a request was due until its result was here, of those that succeeded. */
  readonly latencyMs: Percentiles | undefined;
  /** The same of all that were sent: errors and lost ones too. */
  readonly latencyOfAllMs: Percentiles | undefined;
  /** How late the sender itself was at worst. */
  readonly sentLateMs: number;
  /** Most frequent first. */
  readonly errors: readonly Fault[];
  /** How often accepted tasks were asked for again, by what kept them from being answered. */
  readonly askedAgain: Readonly<Record<string, number>>;
  readonly windows: readonly Window[];
}

type Asked = Pick<LoadOptions, 'url' | 'model' | 'rate' | 'seconds' | 'body'>;

interface Circumstances {
  readonly body: string;
  readonly startedAt: Date;
  readonly wasStopped: boolean;
}

/** Sums a run up. */
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
    sentLateMs: rounded(Math.max(0, sentLateMs)),
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
