import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../client.ts';
import { type Percentiles, percentiles } from '../statistics.ts';

/** What was seen beside the load. */
export interface Watched {
  readonly healthMs: Percentiles | undefined;
  /** Health checks that were not answered 200. */
  readonly unhealthy: number;
  /** Of all processes, once a second; empty where the system does not tell. */
  readonly memoryMib: readonly number[];
  readonly cpuSeconds: number | undefined;
}

/** The system under load, as far as this machine can look into it. */
export interface Inside {
  /** CPU microseconds of all its processes. */
  cpu(): Promise<number | undefined>;
  /** Bytes of memory of all its processes. */
  memory(): Promise<number | undefined>;
}

const HEALTH_EVERY_MS = 200;
const MEMORY_EVERY_MS = 1000;

/** Asks for health and looks at the processes until `stop` aborts. */
export async function watchSystem(url: string, inside: Inside | undefined, stop: AbortSignal): Promise<Watched> {
  using client = createClient(url, {});
  const healthMs: number[] = [];
  const memoryMib: number[] = [];
  let unhealthy = 0;
  const cpuBefore = await inside?.cpu();

  async function checkHealth(): Promise<void> {
    const startedAt = performance.now();
    try {
      const { status } = await client.ask({ method: 'GET', path: '/healthz', signal: AbortSignal.timeout(10_000) });
      if (status !== 200) unhealthy += 1;
    } catch {
      // Recovery: counted.
      unhealthy += 1;
    }
    healthMs.push(performance.now() - startedAt);
  }

  const checks: Promise<void>[] = [];
  await Promise.all([
    every(HEALTH_EVERY_MS, stop, async () => void checks.push(checkHealth())),
    every(MEMORY_EVERY_MS, stop, async () => {
      const bytes = await inside?.memory();
      if (bytes !== undefined) memoryMib.push(Math.round(bytes / 2 ** 20));
    }),
  ]);
  const cpuAfter = await inside?.cpu();
  await Promise.all(checks);
  const cpuSeconds = cpuBefore === undefined || cpuAfter === undefined ? undefined : (cpuAfter - cpuBefore) / 1e6;
  return { healthMs: percentiles(healthMs), unhealthy, memoryMib, cpuSeconds };
}

async function every(ms: number, stop: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!stop.aborted) {
    await act();
    await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
  }
}
