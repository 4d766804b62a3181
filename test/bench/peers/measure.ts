import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../load/client.ts';
import { median } from '../paired.ts';

interface Predictions {
  readonly url: string;
  readonly path: string;
  readonly body: unknown;
  readonly callers: number;
  readonly ms: number;
}

/** Sends predictions from callers that each wait for their answer, and for `Retry-After` of a refusal. Counts 200. */
export async function measurePredictions({ url, path, body, callers, ms }: Predictions) {
  using client = createClient(url, { 'Content-Type': 'application/json' });
  const text = JSON.stringify(body);
  const latencies: number[] = [];
  const startedAt = performance.now();
  const call = async (): Promise<void> => {
    while (performance.now() < startedAt + ms) {
      const sentAt = performance.now();
      const { status, retryAfter = 0.1 } = await client.ask({
        method: 'POST',
        path,
        body: text,
        signal: AbortSignal.timeout(60_000),
      });
      if (status === 200) latencies.push(performance.now() - sentAt);
      else await sleep(1000 * retryAfter);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return { rate: (1000 * latencies.length) / (performance.now() - startedAt), p50: median(latencies) };
}
