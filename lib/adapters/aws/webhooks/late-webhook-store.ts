import type { WebhookStore } from '#core';
import { late } from '../late.ts';
import type { WebhookStoreOptions } from './dynamo-webhook-store.ts';

/** Each look at a task costs a receive, a read and a write. */
const PACE = { share: 0.5, minMs: 1000, maxMs: 60_000 } as const;

/** Loaded by its first call: most submits name no webhook, and start faster without it. */
export const lateWebhookStore = (options: WebhookStoreOptions): WebhookStore => ({
  pace: PACE,
  ...late(
    async () => new (await import('./dynamo-webhook-store.ts')).DynamoWebhookStore(options),
    ['get', 'put', 'delete', 'wake', 'receive'],
  ),
});
