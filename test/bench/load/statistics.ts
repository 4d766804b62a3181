import { SUCCEEDED } from './predict.ts';
import type { Sample } from './run.ts';

/** Latency percentiles in milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Nearest-rank percentiles, so each is a measured value. Undefined without values. */
export function percentiles(values: readonly number[]): Percentiles | undefined {
  const sorted = Float64Array.from(values).sort();
  const nearest = (perMille: number): number => rounded(sorted[Math.ceil((sorted.length * perMille) / 1000) - 1] ?? 0);
  if (sorted.length === 0) return undefined;
  return { p50: nearest(500), p90: nearest(900), p99: nearest(990), max: nearest(1000) };
}

/** The requests that were due in one part of a run. */
export interface Window {
  readonly fromSeconds: number;
  readonly succeeded: number;
  readonly otherwise: number;
  /** Successful requests only. */
  readonly latencyMs: Percentiles | undefined;
}

const WIDTHS_SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600];
const MOST_WINDOWS = 40;

/** Minimum number of requests per window. */
const LEAST_REQUESTS = 5;

/** The length of a window in seconds, so that a plot has a limited number of windows with enough requests each. */
export const windowSeconds = (seconds: number, rate: number): number =>
  WIDTHS_SECONDS.find((width) => seconds / width <= MOST_WINDOWS && width * rate >= LEAST_REQUESTS) ??
  Math.max(seconds / MOST_WINDOWS, LEAST_REQUESTS / rate);

/** The samples by window, including empty windows. */
export function windowsOf(
  samples: readonly Sample[],
  { seconds, rate }: { readonly seconds: number; readonly rate: number },
): readonly Window[] {
  const width = windowSeconds(seconds, rate);
  const groups: Sample[][] = Array.from({ length: Math.max(1, Math.ceil(seconds / width - 1e-9)) }, () => []);
  const last = groups.length - 1;
  for (const sample of samples) groups[Math.min(last, Math.floor(sample.atMs / 1000 / width + 1e-9))]?.push(sample);
  return groups.map((group, index) => {
    const took = latencies(group.filter(({ what }) => what === SUCCEEDED));
    return {
      fromSeconds: rounded(index * width),
      succeeded: took.length,
      otherwise: group.length - took.length,
      latencyMs: percentiles(took),
    };
  });
}

/** Latencies of requests that were sent. */
export const latencies = (samples: readonly Sample[]): number[] =>
  samples.flatMap(({ tookMs }) => (tookMs === undefined ? [] : [tookMs]));

/** Rounds to two decimals. */
export const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Milliseconds with a readable number of digits. */
export const milliseconds = (ms: number): string =>
  ms < 100 ? ms.toFixed(1) : Math.round(ms).toLocaleString('en', { useGrouping: ms >= 10_000 });
