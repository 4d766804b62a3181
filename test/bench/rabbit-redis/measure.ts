/** What one measurement found. */
export interface Figures {
  readonly name: string;
  readonly concurrency: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
}

interface Measurement {
  readonly name: string;
  readonly concurrency: number;
  readonly seconds: number;
  readonly once: () => Promise<void>;
}

/** Repeats `once` by so many callers at a time, each of whom waits for the end of his own. */
export async function measure({ name, concurrency, seconds, once }: Measurement): Promise<Figures> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() < endsAt) {
        const before = performance.now();
        await once();
        latencies.push(performance.now() - before);
      }
    }),
  );
  const tookMs = performance.now() - startedAt;
  latencies.sort((a, b) => a - b);
  const quantile = (q: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0;
  return {
    name,
    concurrency,
    perSecond: (latencies.length / tookMs) * 1000,
    p50Ms: quantile(0.5),
    p90Ms: quantile(0.9),
    p99Ms: quantile(0.99),
  };
}

export const tableOf = (rows: readonly Figures[]): string =>
  [
    '| what | callers | per second | p50 ms | p90 ms | p99 ms |',
    '|---|---|---|---|---|---|',
    ...rows
      .map(({ name, concurrency, perSecond, p50Ms, p90Ms, p99Ms }) =>
        [name, concurrency, Math.round(perSecond), p50Ms.toFixed(2), p90Ms.toFixed(2), p99Ms.toFixed(2)].join(' | '),
      )
      .map((row) => `| ${row} |`),
  ].join('\n');
