import { hash } from 'node:crypto';
import { v5 as uuidV5, v7 as uuidV7 } from 'uuid';
import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { AcceptedContract } from '../models/model.ts';
import type { ModelLimits } from '../models/model-manifest.ts';
import type { ListedHosts } from '../outbound/outbound-url.ts';
import type { TaskQuota } from '../users/task-limit.ts';
import type { Webhook } from '../webhooks/webhook.ts';
import type { WebhookStore } from '../webhooks/webhook-store.ts';
import { encodeEnvelope, type TraceContext } from './envelope.ts';
import type { Priority } from './fair-order.ts';
import { type BlobStore, type Payload, storePayload } from './payload.ts';
import type { Task } from './task.ts';
import type { QueuedMessage, TaskQueues } from './task-queue.ts';
import type { TaskStore } from './task-store.ts';

export interface SubmitCommand {
  readonly owner: string;
  readonly model: string;
  /** The contract that `request` is encoded with. */
  readonly contract: Pick<AcceptedContract, 'hash'>;
  readonly request: Uint8Array;
  /** In place of `request`: what was uploaded before. `hash` is its SHA-256. */
  readonly uploaded?: { readonly payload: Payload; readonly hash: string };
  readonly limits: Pick<ModelLimits, 'timeoutSeconds'>;
  /** A repeated submit with the same key returns the first task. */
  readonly idempotencyKey?: string;
  /** Seconds from now until the task expires. @default 86,400; at most `MAX_DEADLINE_SECONDS` */
  readonly deadlineSeconds?: number;
  /** Maximum duration of one run; the limit of the model applies too. */
  readonly timeoutSeconds?: number;
  /** @default 'normal' */
  readonly priority?: Priority;
  readonly trace?: TraceContext;
  /** The `X-Request-Id`, which the logs of instances and models have too. */
  readonly requestId?: string;
  /** Selects the version that answers during a roll-out. @default the id of the task */
  readonly routingKey?: string;
  /** The receiver of events of the task. Needs `SubmitDeps.webhooks`. */
  readonly webhook?: Webhook;
  /** Counts the tasks of the owner. @default no limits */
  readonly quota?: TaskQuota | undefined;
}

/** Stores a new task and its first message in one transaction. Resolves like `TaskStore.create`. */
export type AcceptTask = (task: Task, message: QueuedMessage) => Promise<Task | undefined>;

export interface SubmitDeps {
  /** Replaces `tasks.create` and the first `send` on platforms with such a transaction. */
  readonly accept?: AcceptTask;
  /** Stores the webhooks of tasks that have not ended. @default webhooks are ignored */
  readonly webhooks?: WebhookStore;
  /** Hosts of webhooks that may be private. @default none */
  readonly outboundHosts?: ListedHosts;
  readonly tasks: TaskStore;
  readonly queues: TaskQueues;
  readonly blobs: BlobStore;
  readonly clock: Clock;
}

export const DEFAULT_DEADLINE_SECONDS = 24 * 3600;
/** Less than the retention of a queue, so that no task outlives its message. */
export const MAX_DEADLINE_SECONDS = 7 * 24 * 3600;
/** How long a task and its result are stored after its deadline. */
export const RETENTION_SECONDS = 7 * 24 * 3600;
/** Minimum interval between two messages that repeated submits send for a task. */
export const RESEND_INTERVAL_MS = 60_000;
/** Pauses between reads while another request sends the message: one second in total. */
export const CONFIRMATION_PAUSES_MS = [20, 60, 120, 300, 500] as const;
/** Namespace of ids derived from an idempotency key (RFC 9562, version 5). */
const IDEMPOTENCY_NAMESPACE = '6f1d4b52-93c8-5f0e-8c0a-3f2b7a9d1e64';

/**
 * Stores a task, then queues it. Resolves once the queue has confirmed a message of the task, or the task has started.
 * Rejects with `idempotency_conflict` if the key was used for another request. Rejects with `queue_unavailable` or
 * `store_unavailable` otherwise; the task may run nevertheless if only the confirmation was lost.
 */
export async function submitTask(deps: SubmitDeps, command: SubmitCommand): Promise<Task> {
  const now = deps.clock.now();
  const task = newTask(command, now, deps.accept);
  const isNew = ((await command.quota?.enter([task.id])) ?? []).length > 0;
  // Best effort: an entry that is not undone is removed a minute later, and counts for the day.
  const undo = async (isWaiting: boolean) => {
    if (isNew) await command.quota?.leave([task.id], isWaiting).catch(() => undefined);
  };
  let existing: Task | undefined;
  try {
    // Before the task exists, so that its end is not missed.
    await watch(deps, task, command);
    existing = await createAndEnqueue(deps, task, command);
  } catch (error) {
    // If only the confirmation was lost, the task runs, and its entry stays.
    if (isNew && !(await deps.tasks.get(task.id).catch(() => task))) await undo(false);
    throw error;
  }
  if (!existing) return task;
  await undo(existing.state === 'queued');
  return confirmed(deps, existing, command, task.requestHash);
}

/** The task of a repeated submit, once the queue has confirmed it. */
export async function confirmed(
  deps: SubmitDeps,
  existing: Task,
  command: SubmitCommand,
  requestHash: string,
): Promise<Task> {
  if (existing.requestHash !== requestHash) throw conflict();
  return isConfirmed(existing) ? existing : resend(deps, existing, command);
}

/** Remembers the webhook of a task. Most submits name none, so its code is loaded by the first that does. */
export async function watch({ webhooks, ...deps }: SubmitDeps, task: Task, { webhook }: SubmitCommand): Promise<void> {
  if (!webhook || !webhooks) return;
  const { watchTask } = await import('../webhooks/watch-task.ts');
  await watchTask({ ...deps, webhooks }, task, webhook);
}

/** A worker has received the message, or a repeated submit has recorded the queue's confirmation. */
const isConfirmed = ({ state, sentAt, round }: Task): boolean => state !== 'queued' || (sentAt ?? round) !== undefined;

const conflict = () =>
  new ModelyardError('idempotency_conflict', 'This Idempotency-Key was used before with another request body.');

/**
 * Only the sender knows whether the first message was confirmed, because recording it would cost every task a write.
 * The first repeated submit therefore sends another message. It records the copy before it sends, and the confirmation
 * after.
 */
async function resend(deps: SubmitDeps, existing: Task, command: SubmitCommand): Promise<Task> {
  const { tasks, clock } = deps;
  const { id, requestHash, copies = 0, resentAt = Number.NEGATIVE_INFINITY } = existing;
  const now = clock.now();
  if (now < resentAt + RESEND_INTERVAL_MS) return confirmedByOther(deps, existing);
  const copy = copies + 1;
  if ((await tasks.apply(id, { type: 'resent', copy, at: now, requestHash })) === 'applied') {
    await enqueue(deps, existing, command, copy);
    if ((await tasks.apply(id, { type: 'sent', at: clock.now(), requestHash })) === 'applied') return existing;
  }
  return confirmedByOther(deps, existing);
}

/** The task once a worker or another repeated submit has confirmed it. Rejects after about one second. */
async function confirmedByOther({ tasks, clock }: SubmitDeps, { id, requestHash }: Task): Promise<Task> {
  let retryMs = 0;
  for (const pauseMs of [0, ...CONFIRMATION_PAUSES_MS]) {
    if (pauseMs > 0) await clock.sleep(pauseMs);
    const current = await tasks.get(id);
    // The first submit failed and withdrew the task.
    if (current?.requestHash !== requestHash) throw unconfirmed(0);
    if (isConfirmed(current)) return current;
    retryMs = (current.resentAt ?? 0) + RESEND_INTERVAL_MS - clock.now();
  }
  throw unconfirmed(retryMs);
}

export const unconfirmed = (retryMs: number) =>
  new ModelyardError('queue_unavailable', 'The queue has not confirmed this task yet. Repeat the request later.', {
    retryable: true,
    retryAfterSeconds: Math.max(1, Math.ceil(retryMs / 1000)),
  });

/** `id`: of an item of a batch. @default a new one, or one of the idempotency key */
export function newTask(command: SubmitCommand, now: number, accept?: AcceptTask, id?: string): Task {
  const { owner, model, idempotencyKey: key } = command;
  return {
    id: id ?? (key === undefined ? uuidV7() : keyedTaskId(owner, model, key)),
    model,
    owner,
    state: 'queued',
    fence: 0,
    attempts: 0,
    contractHash: command.contract.hash,
    requestHash: command.uploaded?.hash ?? hash('sha256', command.request),
    createdAt: now,
    deadlineAt: deadlineOf(command, now),
    retainedUntil: keptUntil(command, now),
    ...(accept ? { sentAt: now } : {}),
  };
}

/** The id of the task of an `Idempotency-Key`. */
export const keyedTaskId = (owner: string, model: string, key: string): string =>
  uuidV5(JSON.stringify([owner, model, key]), IDEMPOTENCY_NAMESPACE);

const deadlineOf = (
  { deadlineSeconds = DEFAULT_DEADLINE_SECONDS }: Pick<SubmitCommand, 'deadlineSeconds'>,
  now: number,
) => now + Math.min(deadlineSeconds, MAX_DEADLINE_SECONDS) * 1000;

/** When the tasks of such a submit may be deleted. */
export const keptUntil = (command: Pick<SubmitCommand, 'deadlineSeconds'>, now: number): number =>
  deadlineOf(command, now) + RETENTION_SECONDS * 1000;

/** Resolves with the existing task if the id is taken. */
async function createAndEnqueue(deps: SubmitDeps, task: Task, command: SubmitCommand): Promise<Task | undefined> {
  const message = await messageOf(deps, task, command, 0);
  const stored = withRequest(deps, task, message);
  if (deps.accept) return deps.accept(stored, message);
  const queue = deps.queues(task.model);
  const reservation = queue.reserve?.(task.owner, command.priority);
  const existing = await deps.tasks.create(stored);
  if (existing) return existing;
  try {
    await queue.send({ ...message, ...(reservation ? { reservation } : {}) });
    return undefined;
  } catch (error) {
    // Best effort: a task that was not withdrawn expires at its deadline, or a repeated submit sends it again.
    await deps.tasks.withdraw(task).catch(() => undefined);
    throw error;
  }
}

async function enqueue(deps: SubmitDeps, task: Task, command: SubmitCommand, copy: number): Promise<void> {
  await deps.queues(task.model).send(await messageOf(deps, task, command, copy));
}

/** The task as it is stored first: with its request, so that its owner can read it at any time, if the store keeps it. */
export const withRequest = ({ tasks }: Pick<SubmitDeps, 'tasks'>, task: Task, { body }: QueuedMessage): Task =>
  tasks.keepsRequests ? { ...task, envelope: body } : task;

export async function messageOf(
  { blobs }: SubmitDeps,
  task: Task,
  command: SubmitCommand,
  copy: number,
): Promise<QueuedMessage> {
  const { limits, timeoutSeconds, priority, trace, routingKey, requestId } = command;
  // The hash is part of the key, because an id can be reused for another request.
  const key = `requests/${task.id}/${task.requestHash.slice(0, 16)}`;
  const request = command.uploaded?.payload ?? (await storePayload(blobs, key, command.request));
  const body = encodeEnvelope({
    taskId: task.id,
    model: task.model,
    owner: task.owner,
    request,
    contractHash: task.contractHash,
    deadlineAt: task.deadlineAt,
    submittedAt: task.createdAt,
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds: Math.min(timeoutSeconds, limits.timeoutSeconds) }),
    ...(trace ? { trace } : {}),
    ...(routingKey === undefined ? {} : { routingKey }),
    requestHash: task.requestHash,
    copy,
    ...(priority === undefined ? {} : { priority }),
    ...(requestId === undefined ? {} : { requestId }),
  });
  return { body, group: task.owner, ...(priority === undefined ? {} : { priority }) };
}
