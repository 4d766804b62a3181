import { ModelyardError } from '../errors.ts';
import { isTerminal, type Task } from '../tasks/task.ts';
import {
  isFull,
  MAX_DELIVERIES,
  sentAgain,
  type WebhookDelivery,
  type WebhookRecord,
  withDelivery,
  withEnd,
} from './webhook.ts';
import { type WebhookStore, webhookKey } from './webhook-store.ts';

export interface WebhookDeps {
  readonly webhooks: WebhookStore;
  readonly clock: { now(): number };
}

const MAX_CHANGES = 10;

const UNDELIVERED = `The task cannot run again. ${MAX_DELIVERIES} of its ends wait for the receiver of its webhook.`;

/** The document and its version; the version is absent if nothing is stored. */
interface Read {
  readonly record: WebhookRecord;
  readonly version: number;
}

export async function readWebhook(
  { webhooks }: Pick<WebhookDeps, 'webhooks'>,
  taskId: string,
): Promise<Read | undefined> {
  const stored = await webhooks.get(webhookKey(taskId));
  // Only this file writes these documents.
  return stored && { record: JSON.parse(stored.document) as WebhookRecord, version: stored.version };
}

/** Writes and wakes a sender for the time at which the record is due. Resolves with false if others have changed it. */
export async function writeWebhook(deps: Pick<WebhookDeps, 'webhooks'>, read: Read): Promise<boolean> {
  const { taskId, owner, dueAt } = read.record;
  if (!(await claimWebhook(deps, read))) return false;
  if (dueAt !== undefined) await deps.webhooks.wake(webhookKey(taskId), dueAt, owner);
  return true;
}

/** Writes for a sender that was woken, and is woken again if it does not finish. */
export async function claimWebhook({ webhooks }: Pick<WebhookDeps, 'webhooks'>, { record, version }: Read) {
  const { taskId, dueAt, expiresAt } = record;
  const times = { expiresAt, ...(dueAt === undefined ? {} : { dueAt }) };
  return webhooks.put(webhookKey(taskId), { document: JSON.stringify(record), version: version + 1 }, times);
}

/** Changes a record, repeatedly if concurrent writers change it too. Undefined if there is none. */
export async function changeWebhook(
  deps: Pick<WebhookDeps, 'webhooks'>,
  taskId: string,
  change: (record: WebhookRecord) => WebhookRecord,
): Promise<WebhookRecord | undefined> {
  for (let tries = 0; tries < MAX_CHANGES; tries++) {
    const read = await readWebhook(deps, taskId);
    if (!read) return undefined;
    const record = change(read.record);
    if (record === read.record || (await writeWebhook(deps, { record, version: read.version }))) return record;
  }
  throw new ModelyardError('store_unavailable', 'The webhook of this task changes too often.', { retryable: true });
}

/**
 * Records the end of a task before its retry. Call it before the retry, which overwrites the end. Rejects with
 * `task_not_retryable` while too many earlier ends wait for their receiver.
 */
export async function keepEnd(deps: WebhookDeps, task: Task): Promise<void> {
  const { state } = task;
  if (!isTerminal(state)) return;
  const now = deps.clock.now();
  // Without request and result, because only failed and expired tasks are retried. A receiver gets the latest progress.
  const { deadLetter: _, envelope: __, history: ___, progress, ...rest } = task;
  const ended = { ...rest, ...(progress ? { progress: { ...progress, recent: [], older: [] } } : {}) };
  const end = { round: task.round ?? 0, state, snapshot: JSON.stringify(ended) };
  await changeWebhook(deps, task.id, (record) => {
    const known = record.deliveries.find(({ round }) => round === end.round);
    if (!known && isFull(record)) throw new ModelyardError('task_not_retryable', UNDELIVERED);
    const next =
      known?.snapshot === undefined && known ? withDelivery(record, { ...known, snapshot: end.snapshot }) : record;
    // The next round is watched like a new task.
    return { ...withEnd(next, end, now), round: end.round + 1, watchedAt: now, dueAt: now };
  });
}

/**
 * Sends the last event of a task again, or the one with this id, after those before it. Rejects with
 * `resource_not_found` if there is none.
 */
export async function redeliverWebhook(deps: WebhookDeps, taskId: string, id?: string): Promise<WebhookDelivery> {
  const now = deps.clock.now();
  const chosen = ({ deliveries }: WebhookRecord) =>
    id === undefined ? deliveries.at(-1) : deliveries.find((delivery) => delivery.id === id);
  const changed = await changeWebhook(deps, taskId, (record) => {
    const delivery = chosen(record);
    return delivery ? { ...withDelivery(record, sentAgain(delivery, now)), dueAt: now } : record;
  });
  const delivery = changed && chosen(changed);
  if (!delivery) throw new ModelyardError('resource_not_found', 'The task has no such delivery.');
  return delivery;
}
