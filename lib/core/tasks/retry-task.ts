import { ModelyardError } from '../errors.ts';
import { inBatches } from '../lists.ts';
import type { UserQuota } from '../users/task-limit.ts';
import type { WebhookStore } from '../webhooks/webhook-store.ts';
import { type Envelope, encodeEnvelope, readEnvelope } from './envelope.ts';
import { getTask, type ReadDeps, type TaskLookup } from './read-tasks.ts';
import { CONFIRMATION_PAUSES_MS, RESEND_INTERVAL_MS, type SubmitCommand, unconfirmed } from './submit-task.ts';
import type { Task } from './task.ts';
import { MAX_HISTORY, unstoredAttempt } from './task-history.ts';
import type { TaskQueues } from './task-queue.ts';
import type { TaskStore } from './task-store.ts';

export interface RetryDeps extends ReadDeps {
  readonly queues: TaskQueues;
  /** @default there are no webhooks */
  readonly webhooks?: WebhookStore;
}

/** The request for a retry. Its message continues the trail of this request, not of the submit. */
export type RetryOrigin = Pick<SubmitCommand, 'requestId' | 'trace'>;

/** Maximum number of dead letters that one call redrives. */
export const MAX_REDRIVEN = 500;
const MAX_CONCURRENT = 20;
const PAGE = 100;
/** Retries of a task while its request is kept. */
const MAX_CHANGES = 5;

/**
 * Runs a failed or expired task of its owner again, under the same id and with as much time as it had. Rejects with
 * `task_not_found`, `task_not_retryable`, `too_many_requests`, `store_unavailable` and `queue_unavailable`. After the
 * last two, the retry can be repeated: the task has failed then, or its message is sent again.
 */
export async function retryTask(
  deps: RetryDeps,
  lookup: TaskLookup,
  { quota, ...origin }: RetryOrigin & { readonly quota?: UserQuota | undefined } = {},
): Promise<Task> {
  const task = await getTask(deps, lookup);
  await sendAgain(deps, task, { type: 'retried', by: lookup.owner, origin, quota });
  return getTask(deps, lookup);
}

export interface DeadLetterLookup {
  readonly model: string;
  readonly id: string;
}

/** A task of any owner that was given up. Rejects with `task_not_found`. */
export async function getDeadLetter({ tasks }: ReadDeps, { model, id }: DeadLetterLookup): Promise<Task> {
  return requireDeadLetter(model, await tasks.get(id));
}

function requireDeadLetter(model: string, task: Task | undefined): Task {
  if (task?.model === model && task.deadLetter) return task;
  throw new ModelyardError('task_not_found', 'The model has no such dead letter.');
}

export interface Redrive {
  readonly model: string;
  /** The user who does it. */
  readonly by: string;
  /** Only these. @default all, at most `MAX_REDRIVEN` */
  readonly ids?: readonly string[];
  readonly origin?: RetryOrigin;
  /** Counts the tasks of an owner, without a limit. @default they are not counted */
  readonly quotaOf?: ((owner: string) => AgainQuota | undefined) | undefined;
}

type AgainQuota = Pick<UserQuota, 'enterAgain'>;

export interface Redriven {
  readonly redriven: readonly string[];
  readonly refused: readonly { readonly id: string; readonly error: ModelyardError }[];
}

/** Sends dead letters again, independently of each other. The result lists those that were refused. */
export async function redriveDeadLetters(
  deps: RetryDeps,
  { model, by, ids, origin = {}, quotaOf }: Redrive,
): Promise<Redriven> {
  const redriven: string[] = [];
  const refused: { id: string; error: ModelyardError }[] = [];
  for (const batch of inBatches([...new Set(ids ?? (await idsOfDeadLetters(deps, model)))], MAX_CONCURRENT)) {
    const sent = batch.map(async (id) => {
      try {
        const task = await deps.tasks.get(id);
        const isUnsent = task?.model === model && isSentAgain(task);
        const letter = isUnsent ? task : requireDeadLetter(model, task);
        await sendAgain(deps, letter, { type: 'redriven', by, origin, quota: quotaOf?.(letter.owner) });
        redriven.push(id);
      } catch (error) {
        if (!(error instanceof ModelyardError)) throw error;
        refused.push({ id, error });
      }
    });
    await Promise.all(sent);
  }
  return { redriven, refused };
}

async function idsOfDeadLetters({ tasks }: RetryDeps, model: string): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await tasks.listDeadLetters({ model, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    ids.push(...page.tasks.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== undefined && ids.length < MAX_REDRIVEN);
  return ids.slice(0, MAX_REDRIVEN);
}

interface NewRound {
  readonly type: 'retried' | 'redriven';
  readonly by: string;
  readonly origin: RetryOrigin;
  /** @default no limit */
  readonly quota?: AgainQuota | undefined;
}

/** Changes the row first: an instance drops a message of a round that the row does not have. */
async function sendAgain(
  { tasks, queues, clock, webhooks }: RetryDeps,
  task: Task,
  { type, by, origin, quota }: NewRound,
): Promise<void> {
  const stored = task.deadLetter ?? task.envelope;
  const envelope = stored && readEnvelope(stored);
  if (envelope && isSentAgain(task)) return repeat({ tasks, queues, clock }, task, envelope);
  if (task.state !== 'failed' && task.state !== 'expired') throw refusal(`The task is ${task.state}.`);
  if (!envelope && task.state === 'failed') throw refusal('Its request is not stored.');
  if ((task.history?.length ?? 0) >= MAX_HISTORY) throw refusal('It was retried too often.');
  await quota?.enterAgain(task.id);
  if (webhooks) await (await import('../webhooks/webhook-records.ts')).keepEnd({ webhooks, clock }, task);
  const at = clock.now();
  const round = (task.round ?? 0) + 1;
  // A retry does not prolong how long the task is kept.
  const deadlineAt = Math.min(at + task.deadlineAt - roundBegan(task), task.retainedUntil);
  const messageOf = (request: Envelope) => ({ ...request, ...origin, copy: 0, round, deadlineAt, submittedAt: at });
  const kept = envelope && encodeEnvelope(messageOf(envelope));
  const last = unstoredAttempt(task);
  const again = { type, at, by, round, deadlineAt, ...(kept ? { envelope: kept } : {}), ...(last ? { last } : {}) };
  const outcome = await tasks.apply(task.id, again);
  if (outcome !== 'applied') throw refusal('It has changed in the meantime.');
  const request = envelope ?? (await requestOfRound(tasks, task.id, round));
  // An instance that finds it sends it: see `keepFoundRequest`.
  if (!request) return;
  const message = messageOf(request);
  try {
    await send({ tasks, queues, clock }, message);
  } catch (cause) {
    const error = {
      code: 'queue_unavailable',
      message: 'The queue could not be reached for a retry.',
      retryable: true,
    };
    const body = kept ?? encodeEnvelope(message);
    const failed = { type: 'gave-up', attempts: 0, at: clock.now(), round, error, envelope: body } as const;
    // Best effort: otherwise, a repeated retry sends the message again.
    await tasks.apply(task.id, failed).catch(() => undefined);
    throw cause;
  }
}

/** The request that an instance has found between the read of a task and its retry. */
async function requestOfRound(tasks: Pick<TaskStore, 'get'>, id: string, round: number): Promise<Envelope | undefined> {
  const current = await tasks.get(id);
  return current?.round === round && current.envelope ? readEnvelope(current.envelope) : undefined;
}

/** When the round of a task began. */
const roundBegan = ({ history = [], createdAt }: Task): number =>
  history.findLast(({ event }) => event === 'retried' || event === 'redriven')?.at ?? createdAt;

/**
 * Keeps the request of a message that an instance is about to delete, because a reader has ended its task as expired:
 * stores it for a retry, or sends it if a retry waits for it. Does nothing for other tasks. Rejects with
 * `store_unavailable` and `queue_unavailable`; the message must be kept then.
 */
export async function keepFoundRequest(deps: SendDeps, { body, envelope }: FoundMessage): Promise<void> {
  const { taskId: id, requestHash } = envelope;
  for (let tries = 0; tries < MAX_CHANGES; tries++) {
    const task = await deps.tasks.get(id);
    const { round = 0 } = task ?? {};
    // A row that has the request needs no other one.
    if (!task || task.requestHash !== requestHash || task.envelope || round < (envelope.round ?? 0)) return;
    if (task.state === 'expired') {
      const found = { type: 'found', requestHash, round, at: deps.clock.now(), envelope: body } as const;
      if ((await deps.tasks.apply(id, found)) === 'applied') return;
    } else {
      if (!isSentAgain(task) || round === (envelope.round ?? 0)) return;
      return repeat(deps, task, envelope).catch(unlessChanged);
    }
  }
  throw new ModelyardError('store_unavailable', 'The task changes too often.', { retryable: true });
}

interface FoundMessage {
  readonly body: Uint8Array;
  readonly envelope: Envelope;
}

/** Another message of the task was found and sent. */
function unlessChanged(error: unknown): void {
  if (!(error instanceof ModelyardError && error.code === 'task_not_retryable')) throw error;
}

/** A retry has changed the row, and nobody knows whether the queue has its message: its gateway may have died. */
const isSentAgain = ({ state, round = 0, sentAt }: Task): boolean =>
  state === 'queued' && round > 0 && sentAt === undefined;

/** Sends the message of the current round again, like a repeated submit: recorded before, at most once a minute. */
async function repeat(deps: SendDeps, task: Task, envelope: Envelope): Promise<void> {
  const { tasks, clock } = deps;
  const { id, requestHash, round = 0, deadlineAt, copies = 0, resentAt = Number.NEGATIVE_INFINITY } = task;
  const at = clock.now();
  if (at < resentAt + RESEND_INTERVAL_MS) throw await whyNotRepeated(deps, task, resentAt + RESEND_INTERVAL_MS);
  const copy = copies + 1;
  const outcome = await tasks.apply(id, { type: 'resent', copy, at, round, requestHash });
  if (outcome !== 'applied') throw refusal('It has changed in the meantime.');
  // The message may be of an earlier round.
  await send(deps, { ...envelope, copy, round, deadlineAt, submittedAt: roundBegan(task) });
}

/** Another request sends the message. Waits about a second for its confirmation, as a repeated submit does. */
async function whyNotRepeated({ tasks, clock }: SendDeps, { id, round }: Task, repeatableAt: number) {
  for (const pauseMs of CONFIRMATION_PAUSES_MS) {
    await clock.sleep(pauseMs);
    const current = await tasks.get(id);
    if (!current) return refusal('It has changed in the meantime.');
    if (current.round !== round || !isSentAgain(current)) return refusal(`The task is ${current.state}.`);
  }
  return unconfirmed(repeatableAt - clock.now());
}

type SendDeps = Pick<RetryDeps, 'queues' | 'clock'> & { readonly tasks: Pick<TaskStore, 'get' | 'apply'> };

async function send({ tasks, queues, clock }: SendDeps, envelope: Envelope): Promise<void> {
  const { taskId, model, owner, priority, round, requestHash } = envelope;
  await queues(model).send({ body: encodeEnvelope(envelope), group: owner, ...(priority ? { priority } : {}) });
  // Best effort: without it, a repeated retry sends another copy.
  await tasks.apply(taskId, { type: 'sent', at: clock.now(), round, requestHash }).catch(() => undefined);
}

const refusal = (why: string) => new ModelyardError('task_not_retryable', `The task cannot run again. ${why}`);
