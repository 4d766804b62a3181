import { createClient } from '../load/client.ts';
import { median } from '../paired.ts';

interface Predictions {
  readonly url: string;
  readonly path: string;
  readonly body: unknown;
  readonly callers: number;
  readonly ms: number;
}

/** Sends predictions from callers that each wait for their answer. Counts answers with status 200. */
export async function measurePredictions({ url, path, body, callers, ms }: Predictions) {
  using client = createClient(url, { 'Content-Type': 'application/json' });
  const text = JSON.stringify(body);
  const latencies: number[] = [];
  const startedAt = performance.now();
  const call = async (): Promise<void> => {
    while (performance.now() < startedAt + ms) {
      const sentAt = performance.now();
      const { status } = await client.ask({ method: 'POST', path, body: text, signal: AbortSignal.timeout(60_000) });
      if (status === 200) latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return { rate: (1000 * latencies.length) / (performance.now() - startedAt), p50: median(latencies) };
}
