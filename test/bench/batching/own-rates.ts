import { join } from 'node:path';
import type { ModelDefinition } from '#runtime/define-model.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const MEASURE_MS = 4_000;

/** Predictions per second of one thread. */
interface OwnRates {
  readonly single: number;
  readonly batched: number;
}

/** What the model itself does, called directly one by one and in batches. Both take turns. */
export async function ownRates(model: string, body: Uint8Array, size: number): Promise<OwnRates> {
  const path = join(import.meta.dirname, 'models', model, 'model.ts');
  const { default: definition } = (await import(path)) as {
    readonly default: ModelDefinition<unknown, unknown, unknown>;
  };
  const shared = { signal: new AbortController().signal, logger: silentLogger, variant: undefined };
  const state = await definition.setup?.(shared);
  const rateOf = { 1: { count: 0, ms: 0 }, [size]: { count: 0, ms: 0 } };
  const until = performance.now() + 2 * MEASURE_MS;
  while (performance.now() < until) {
    for (const [count, sum] of Object.entries(rateOf)) {
      const requests = Array.from({ length: Number(count) }, () => definition.request.decode(body));
      const tasks = requests.map((_, i) => ({ ...shared, taskId: String(i), attempt: 1, progress() {}, partial() {} }));
      const startedAt = performance.now();
      const answers = await definition.predictBatch?.(state, requests, { ...shared, tasks });
      for (const answer of answers ?? []) definition.response.encode(answer as Partial<unknown>);
      sum.ms += performance.now() - startedAt;
      sum.count += Number(count);
    }
  }
  const [single = 0, batched = 0] = Object.values(rateOf).map(({ count, ms }) => (1000 * count) / ms);
  return { single, batched };
}
