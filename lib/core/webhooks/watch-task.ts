import { ModelyardError } from '../errors.ts';
import { type ListedHosts, readOutboundUrl } from '../outbound/outbound-url.ts';
import type { Task } from '../tasks/task.ts';
import { WEBHOOK_EVENTS, type Webhook, type WebhookEvent, type WebhookRecord } from './webhook.ts';
import { changeWebhook, type WebhookDeps, writeWebhook } from './webhook-records.ts';

/** Of a task whose row may be gone: deliveries go on for three days. */
const KEPT_AFTER_TASK_MS = 4 * 24 * 3600_000;

/**
 * Stores the webhook before its task exists, so that no end is missed. A repeated submit keeps the first webhook. The
 * webhook of a task that is never created rests after a while, until the submit is repeated. Rejects with
 * `invalid_request` for a URL that may not be called and for an unknown event.
 */
export async function watchTask(
  deps: WebhookDeps & { readonly outboundHosts?: ListedHosts },
  task: Task,
  { url, events }: Webhook,
): Promise<void> {
  readOutboundUrl(url, deps.outboundHosts ?? new Set());
  const asked = events?.map(readEvent);
  const now = deps.clock.now();
  const record: WebhookRecord = {
    ...{ taskId: task.id, owner: task.owner, url, watchedAt: now, deliveries: [] },
    ...(asked ? { events: asked } : {}),
    expiresAt: task.retainedUntil + KEPT_AFTER_TASK_MS,
    dueAt: now + deps.webhooks.pace.minMs,
  };
  if (await writeWebhook(deps, { record, version: 0 })) return;
  // Of an earlier submit that was refused: nobody looks at it any more.
  await changeWebhook(deps, task.id, (known) =>
    known.dueAt === undefined && known.deliveries.length === 0 ? record : known,
  );
}

function readEvent(name: string): WebhookEvent {
  const event = WEBHOOK_EVENTS.find((known) => known === name.trim());
  if (event) return event;
  throw new ModelyardError('invalid_request', `An event of a webhook must be one of ${WEBHOOK_EVENTS.join(', ')}.`);
}
