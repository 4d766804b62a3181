import type { LoadOptions } from './options.ts';
import type { Sample } from './run.ts';

export interface Summary {
  readonly url: string;
  readonly model: string;
  /** Requests a second that were sent. */
  readonly rate: number;
  readonly requests: number;
  readonly succeeded: number;
  /** Successes a second, from the first request to the last end. */
  readonly throughput: number;
  /** Of those that succeeded. */
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
  /** Whatever did not succeed, counted by what the caller saw. */
  readonly errors: Readonly<Record<string, number>>;
}

export function summarize({ url, model, rate }: LoadOptions, samples: readonly Sample[]): Summary {
  const good = samples.filter(({ outcome }) => outcome === 'succeeded');
  const sorted = good.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  const quantile = (q: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0);
  const lastEndMs = Math.max(0, ...samples.map(({ atMs, tookMs }) => atMs + tookMs));
  const errors: Record<string, number> = {};
  for (const { outcome } of samples) if (outcome !== 'succeeded') errors[outcome] = (errors[outcome] ?? 0) + 1;
  return {
    url,
    model,
    rate,
    requests: samples.length,
    succeeded: good.length,
    throughput: lastEndMs === 0 ? 0 : round((good.length / lastEndMs) * 1000),
    latencyMs: { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max: quantile(1) },
    errors,
  };
}

export function textOf({ requests, succeeded, throughput, latencyMs, errors, rate, model }: Summary): string {
  const { p50, p90, p99, max } = latencyMs;
  return [
    `${model} at ${rate}/s: ${succeeded} of ${requests} succeeded, ${throughput}/s`,
    `latency ms: p50 ${p50}  p90 ${p90}  p99 ${p99}  max ${max}`,
    ...Object.entries(errors).map(([what, count]) => `  ${count} × ${what}`),
  ].join('\n');
}

const round = (value: number): number => Math.round(value * 100) / 100;
