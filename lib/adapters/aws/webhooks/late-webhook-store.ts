import type { WebhookStore } from '#core';
import type { WebhookStoreOptions } from './dynamo-webhook-store.ts';

/** Each look at a task costs a receive, a read and a write. */
const PACE = { share: 0.5, minMs: 1000, maxMs: 60_000 } as const;

type Method = Exclude<keyof WebhookStore, 'pace' | 'due'>;

/** Loaded by its first call: most submits name no webhook, and start faster without it. */
export function lateWebhookStore(options: WebhookStoreOptions): WebhookStore {
  const late =
    (method: Method) =>
    async (...args: unknown[]) => {
      const { DynamoWebhookStore } = await import('./dynamo-webhook-store.ts');
      const store = new DynamoWebhookStore(options) as unknown as Record<Method, (...given: unknown[]) => unknown>;
      return store[method](...args);
    };
  const methods = ['get', 'put', 'delete', 'wake', 'receive'] as const satisfies readonly Method[];
  return {
    pace: PACE,
    ...Object.fromEntries(methods.map((method) => [method, late(method)])),
  } as unknown as WebhookStore;
}
