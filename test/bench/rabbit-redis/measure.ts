import { type ProcessorTime, perTask, processorTime } from './processor-time.ts';

export interface Figures {
  readonly name: string;
  readonly concurrency: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  /** CPU microseconds per task, by process. */
  readonly processors: ProcessorTime;
}

interface Measurement {
  readonly name: string;
  readonly concurrency: number;
  readonly seconds: number;
  readonly once: () => Promise<void>;
}

/** Runs `once` in `concurrency` loops for `seconds`. */
export async function measure({ name, concurrency, seconds, once }: Measurement): Promise<Figures> {
  const latencies: number[] = [];
  const usedBefore = await processorTime();
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
  const processors = perTask(usedBefore, await processorTime(), latencies.length);
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
    processors,
  };
}

export const tableOf = (rows: readonly Figures[]): string =>
  [
    '| what | callers | per second | p50 ms | p90 ms | p99 ms | µs of processor per task |',
    '|---|---|---|---|---|---|---|',
    ...rows
      .map(({ name, concurrency, perSecond, p50Ms, p90Ms, p99Ms, processors }) =>
        [
          ...[name, concurrency, Math.round(perSecond), p50Ms.toFixed(2), p90Ms.toFixed(2), p99Ms.toFixed(2)],
          processorsOf(processors),
        ].join(' | '),
      )
      .map((row) => `| ${row} |`),
  ].join('\n');

function processorsOf(processors: ProcessorTime): string {
  const used = [...processors].filter(([, us]) => us >= 1);
  const total = used.reduce((sum, [, us]) => sum + us, 0);
  return used.length === 0
    ? 'unknown'
    : `${Math.round(total)}: ${used.map(([role, us]) => `${role} ${Math.round(us)}`).join(', ')}`;
}

/** Throughput as a share of bare clients on the same kind of queue, and of BullMQ. */
export function sharesOf(rows: readonly Figures[]): string {
  const rate = (name: RegExp, callers: number): number =>
    rows.find((row) => name.test(row.name) && row.concurrency === callers)?.perSecond ?? Number.NaN;
  const shares = (ours: RegExp, theirs: RegExp): string =>
    [1, 64]
      .map((callers) => `${((rate(ours, callers) / rate(theirs, callers)) * 100).toFixed(1)} % with ${callers}`)
      .join(', ');
  return [['Through the gateway', /gateway/] as const, ['Without HTTP', /use cases/] as const]
    .map(
      ([what, ours]) =>
        `${what}: ${shares(ours, /quorum/)} callers of the bare clients on a quorum queue; ${shares(ours, /BullMQ/)} callers of BullMQ.`,
    )
    .join('\n');
}
