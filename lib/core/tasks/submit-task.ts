import { hash } from 'node:crypto';
import { v5 as uuidV5, v7 as uuidV7 } from 'uuid';
import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { AcceptedContract, ModelLimits } from '../models/model.ts';
import type { BlobStore } from './blob-store.ts';
import { encodeEnvelope, type TraceContext } from './envelope.ts';
import { storePayload } from './store-payload.ts';
import type { Task } from './task.ts';
import type { TaskQueues } from './task-queue.ts';
import type { TaskStore } from './task-store.ts';

export interface SubmitCommand {
  readonly owner: string;
  readonly model: string;
  /** The served contract, which `request` was encoded with. */
  readonly contract: Pick<AcceptedContract, 'hash'>;
  readonly request: Uint8Array;
  readonly limits: Pick<ModelLimits, 'timeoutSeconds'>;
  /** Repeats of a submit with the same key answer with the first one's task. */
  readonly idempotencyKey?: string;
  /** Seconds from now until the task expires. @default 86,400; at most `MAX_DEADLINE_SECONDS` */
  readonly deadlineSeconds?: number;
  /** Seconds that one run may take; capped by the model. */
  readonly timeoutSeconds?: number;
  readonly trace?: TraceContext;
}

interface SubmitDeps {
  readonly tasks: TaskStore;
  readonly queues: TaskQueues;
  readonly blobs: BlobStore;
  readonly clock: Clock;
}

export const DEFAULT_DEADLINE_SECONDS = 24 * 3600;
/** Less than a queue keeps a message, so that no task outlives its message. */
export const MAX_DEADLINE_SECONDS = 7 * 24 * 3600;
/** How long a task and its result are kept after its deadline. */
export const RETENTION_SECONDS = 7 * 24 * 3600;
/** A task that was accepted this long ago and never started may have lost its message to a crash between the two writes. */
const RESEND_AFTER_MS = 60_000;
/** Namespace of ids derived from an idempotency key (RFC 9562, version 5). */
const IDEMPOTENCY_NAMESPACE = '6f1d4b52-93c8-5f0e-8c0a-3f2b7a9d1e64';

/**
 * Accepts a task: keeps it, then queues it. Resolves once the queue has it for good. Rejects with
 * `idempotency_conflict` when the key was used for another request, and with `queue_unavailable` or
 * `store_unavailable` when nothing was accepted.
 */
export async function submitTask(deps: SubmitDeps, command: SubmitCommand): Promise<Task> {
  const task = newTask(command, deps.clock.now());
  const existing = await deps.tasks.create(task);
  if (!existing) {
    await enqueueOrWithdraw(deps, task, command);
    return task;
  }
  if (existing.requestHash !== task.requestHash) {
    throw new ModelyardError('idempotency_conflict', 'This Idempotency-Key was used before with another request body.');
  }
  const unstarted = existing.state === 'queued' && existing.fence === 0;
  // A second message is harmless: results are written once.
  if (unstarted && task.createdAt - existing.createdAt > RESEND_AFTER_MS) await enqueue(deps, existing, command);
  return existing;
}

function newTask(command: SubmitCommand, now: number): Task {
  const { owner, model, idempotencyKey: key } = command;
  const deadlineSeconds = Math.min(command.deadlineSeconds ?? DEFAULT_DEADLINE_SECONDS, MAX_DEADLINE_SECONDS);
  const deadlineAt = now + deadlineSeconds * 1000;
  return {
    id: key === undefined ? uuidV7() : uuidV5(JSON.stringify([owner, model, key]), IDEMPOTENCY_NAMESPACE),
    model,
    owner,
    state: 'queued',
    fence: 0,
    attempts: 0,
    contractHash: command.contract.hash,
    requestHash: hash('sha256', command.request),
    createdAt: now,
    deadlineAt,
    retainedUntil: deadlineAt + RETENTION_SECONDS * 1000,
  };
}

async function enqueueOrWithdraw(deps: SubmitDeps, task: Task, command: SubmitCommand): Promise<void> {
  try {
    await enqueue(deps, task, command);
  } catch (error) {
    // Nothing was accepted, so nothing may be seen. If even that fails the task expires at its deadline.
    await deps.tasks.withdraw(task.id).catch(() => undefined);
    throw error;
  }
}

async function enqueue({ queues, blobs }: SubmitDeps, task: Task, command: SubmitCommand): Promise<void> {
  const { limits, timeoutSeconds, trace } = command;
  const request = await storePayload(blobs, `requests/${task.id}`, command.request);
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
    requestHash: task.requestHash,
    copy: 0,
  });
  await queues(task.model).send({ body, group: task.owner });
}
