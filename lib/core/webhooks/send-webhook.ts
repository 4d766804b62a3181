import { ModelyardError } from '../errors.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { expireOverdue, type ReadDeps } from '../tasks/read-tasks.ts';
import { isTerminal, type Task } from '../tasks/task.ts';
import {
  afterAttempt,
  nextDelivery,
  type WebhookAttempt,
  type WebhookDelivery,
  type WebhookRecord,
  withDelivery,
  withEnd,
} from './webhook.ts';
import { changeWebhook, claimWebhook, readWebhook, type WebhookDeps, writeWebhook } from './webhook-records.ts';
import { type Sign, signedHeaders } from './webhook-signature.ts';
import { webhookKey } from './webhook-store.ts';

export interface SendDeps extends WebhookDeps, ReadDeps {
  readonly clock: ReadDeps['clock'];
  readonly outbound: Outbound;
  /** The task as the API shows it, after these members: a JSON object. */
  readonly present: (task: Task, head: object) => Promise<string>;
  readonly sign: Sign;
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: () => number;
}

/** Maximum duration of a request to a receiver. */
export const WEBHOOK_TIMEOUT_MS = 15_000;
/** Longer than one attempt with its reads and writes: another sender takes over after it. */
const LEASE_MS = 60_000;
/** The task never existed: its submit was refused after the webhook was stored. */
const MISSING_MS = 10 * 60_000;
const MAX_RETRY_AFTER_MS = 3600_000;
/** Clocks of senders and stores differ. */
const EARLY_MS = 20;

/**
 * Performs the due step for the webhook of a task: checks whether the task has ended, or sends the next event. Call it
 * for every due key. Early, repeated and concurrent calls are safe. Rejects with `store_unavailable`.
 */
export async function sendWebhook(deps: SendDeps, taskId: string): Promise<void> {
  const read = await readWebhook(deps, taskId);
  const { dueAt } = read?.record ?? {};
  // The record has expired before its queue entry.
  if (!read && deps.webhooks.due) await deps.webhooks.delete(webhookKey(taskId));
  if (!read || dueAt === undefined) return;
  const now = deps.clock.now();
  if (dueAt > now + EARLY_MS) return deps.webhooks.wake(webhookKey(taskId), dueAt, read.record.owner);
  const found = await deps.tasks.get(taskId);
  const task = found && (await expireOverdue(deps, found));
  const record =
    task && isTerminal(task.state)
      ? withEnd(read.record, { round: task.round ?? 0, state: task.state }, now)
      : read.record;
  const next = nextDelivery(record);
  if (!next || (next.nextAttemptAt ?? 0) > now) {
    await writeWebhook(deps, { record: scheduled(deps, record, task), version: read.version });
    return;
  }
  const claimed = await claimWebhook(deps, { record: { ...record, dueAt: now + LEASE_MS }, version: read.version });
  if (!claimed) return;
  const delivery = await attempt(deps, record, next, task);
  await changeWebhook(deps, taskId, (current) =>
    scheduled(deps, withDelivery(current, merged(current, next, delivery)), task),
  );
}

/** Keeps changes that were made during the attempt, such as a redelivery. */
function merged({ deliveries }: WebhookRecord, before: WebhookDelivery, after: WebhookDelivery): WebhookDelivery {
  const current = deliveries.find(({ id }) => id === after.id) ?? before;
  const { snapshot } = current;
  if (current.nextAttemptAt === before.nextAttemptAt)
    return { ...after, ...(snapshot === undefined ? {} : { snapshot }) };
  return { ...current, attempts: after.attempts };
}

/** The record with the time at which a sender has to act next. */
function scheduled({ clock, webhooks }: SendDeps, record: WebhookRecord, task: Task | undefined): WebhookRecord {
  const { dueAt: _, ...rest } = record;
  const pending = nextDelivery(record)?.nextAttemptAt;
  if (pending !== undefined) return { ...rest, dueAt: pending };
  const now = clock.now();
  // The round never began: its submit was refused after the webhook was stored.
  const isExpected = (task?.round ?? 0) < (record.round ?? 0) || !task;
  const isOver = isExpected ? now - record.watchedAt > MISSING_MS : isTerminal(task.state);
  if (isOver) return rest;
  const { share, minMs, maxMs } = webhooks.pace;
  // Whole milliseconds: a store may refuse others.
  const pauseMs = Math.min(maxMs, Math.max(minMs, Math.ceil(share * (now - record.watchedAt))));
  // At its deadline at the latest: this read may be the one that ends the task.
  return {
    ...rest,
    dueAt: Math.max(now + minMs, Math.min(now + pauseMs, task?.deadlineAt ?? Number.POSITIVE_INFINITY)),
  };
}

async function attempt(deps: SendDeps, record: WebhookRecord, delivery: WebhookDelivery, task: Task | undefined) {
  const { clock, outbound, random = Math.random } = deps;
  const at = clock.now();
  let outcome: Pick<WebhookAttempt, 'status' | 'error'>;
  let retryAfterMs = 0;
  try {
    const request = await requestFor(deps, record, delivery, task);
    const { status, headers } = await outbound.send(request);
    outcome = { status, ...(status >= 200 && status < 300 ? {} : { error: `The receiver answered ${status}.` }) };
    retryAfterMs = Math.min(MAX_RETRY_AFTER_MS, pauseMs(String(headers['retry-after'] ?? ''), clock.now()));
  } catch (error) {
    if (!(error instanceof ModelyardError) || error.code === 'store_unavailable') throw error;
    outcome = { error: error.message };
  }
  return afterAttempt(
    delivery,
    { at, durationMs: Math.max(0, clock.now() - at), ...outcome },
    { random, retryAfterMs },
  );
}

/** Of `Retry-After`: seconds or a date (RFC 9110). 0 for other text. */
const pauseMs = (text: string, now: number): number =>
  (/^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - now) || 0;

async function requestFor(
  deps: SendDeps,
  { owner, url }: WebhookRecord,
  delivery: WebhookDelivery,
  task: Task | undefined,
) {
  const { id, event, createdAt, snapshot } = delivery;
  const ended = snapshot === undefined ? task : (JSON.parse(snapshot) as Task);
  if (!ended) throw new ModelyardError('task_not_found', 'The task is not stored any more.');
  const body = await deps.present(ended, { type: event, timestamp: new Date(createdAt).toISOString() });
  const at = deps.clock.now();
  return {
    url,
    method: 'POST',
    body,
    timeoutMs: WEBHOOK_TIMEOUT_MS,
    headers: await signedHeaders(deps, owner, { id, at, body }),
  } as const;
}
