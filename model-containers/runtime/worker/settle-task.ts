import { randomUUID } from 'node:crypto';
import type { ContractCodec } from '#contract';
import {
  type BlobStore,
  backoffMs,
  type Clock,
  type Delivery,
  type Envelope,
  type EventOutcome,
  expiryOf,
  isUnavailable,
  keepFoundRequest,
  type Logger,
  MAX_CALL_BYTES,
  ModelyardError,
  type Payload,
  postpone,
  roundOf,
  storableError,
  type TaskError,
  type TaskEvent,
  type TaskProgress,
  type TaskQueues,
  type TaskStore,
} from '#core';
import type { AnswerLog } from './answer-log.ts';
import { type Attempt, uncharged } from './attempt.ts';
import { dropResult, storeResult } from './large-payloads.ts';
import type { RunEnd } from './run-attempts.ts';
import type { AttemptOutcome, Settlement } from './worker-observer.ts';

export interface SettleDeps {
  readonly maxAttempts: number;
  readonly contractHash: string;
  /** Its id, for the history of tasks. */
  readonly instance?: string | undefined;
  readonly tasks: Pick<TaskStore, 'apply' | 'get' | 'keepsRequests'>;
  readonly queues: TaskQueues;
  readonly blobs: BlobStore;
  /** Converts large payloads. @default requests are protobuf, and results are not read as JSON by a link */
  readonly codec?: () => Promise<ContractCodec>;
  readonly clock: Clock;
  /** @default nothing is logged */
  readonly log?: AnswerLog | undefined;
  readonly logger: Logger;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const RETRY_BACKOFF = { baseMs: 1000, maxMs: 60_000 };
const STORE_BACKOFF = { baseMs: 200, maxMs: 5000 };
const STORE_TRIES = 8;
/** The clock of a reader may be ahead by this much. */
const READER_AHEAD_MS = 1000;

/** Settles a task after a run that is not repeated. Rejects when the store is unavailable, or the queue for a retry. */
export async function settleRun(
  deps: SettleDeps,
  attempt: Attempt,
  end: Exclude<RunEnd, { readonly type: 'repeat' }>,
): Promise<Settlement> {
  switch (end.type) {
    case 'answered':
      return settleResponse(deps, attempt, end);
    case 'failed':
      return settleFailure(deps, attempt, end);
    case 'refused':
      return { outcome: await settleRefused(deps, attempt, end.outcome) };
    case 'aborted':
      return settleAborted(deps, attempt, end.cause);
  }
}

/** Writes the result before the acknowledgement: a crash in between repeats the task, but does not lose it. */
async function settleResponse(
  deps: SettleDeps,
  attempt: Attempt,
  { response, startedAt }: { readonly response: Uint8Array; readonly startedAt: number },
): Promise<Settlement> {
  const isSmall = attempt.request.byteLength + response.byteLength <= MAX_CALL_BYTES;
  const isLogged = isSmall && (deps.log?.takes(attempt.envelope.taskId) ?? false);
  // Concurrent runs of a task write to different keys. The recorded result has the key of its own run.
  const key = `results/${attempt.envelope.taskId}/${randomUUID()}`;
  let payload: Payload | undefined;
  const settlement = await writeThenAck(deps, attempt, 'succeeded', async () => {
    const told = await toldBy(attempt);
    payload = await storeResult(deps, key, response);
    return {
      type: 'succeeded',
      ...{ ...runOf(deps, attempt), ...told, startedAt, at: deps.clock.now() },
      result: { contractHash: deps.contractHash, payload },
      ...(isSmall && (isLogged || deps.tasks.keepsRequests) ? { envelope: attempt.delivery.body } : {}),
    };
  });
  if (settlement.outcome !== 'succeeded') {
    await dropResult(deps, attempt.envelope.taskId, payload).catch((error: unknown) => {
      deps.logger.warn('A result that was not recorded could not be deleted.', { key, reason: String(error) });
    });
  }
  if (isLogged && settlement.outcome === 'succeeded')
    deps.log?.add({ ...loggedOf(attempt), response, responseHash: deps.contractHash });
  return settlement;
}

const loggedOf = ({ envelope, request }: Attempt) => ({
  ...{ taskId: envelope.taskId, owner: envelope.owner, at: envelope.submittedAt },
  ...{ contractHash: envelope.contractHash, request },
});

/**
 * Fails the task if a retry cannot succeed. Otherwise retries it, or gives it up after `maxAttempts` runs; while a store,
 * a queue or the registry cannot be reached, only its deadline ends it.
 */
export async function settleFailure(
  deps: SettleDeps,
  attempt: Attempt,
  { error: thrown, startedAt, isSuspect = false }: { error: TaskError; startedAt: number; isSuspect?: boolean },
): Promise<Settlement> {
  const error = storableError(thrown);
  const { delivery, number: attempts } = attempt;
  const run = { ...runOf(deps, attempt), ...(await toldBy(attempt)), startedAt, at: deps.clock.now() };
  if (!error.retryable) {
    const envelope = attempt.delivery.body;
    const event = { type: 'failed', ...run, error, envelope } as const;
    return { ...(await writeThenAck(deps, attempt, 'failed', async () => event)), error };
  }
  if (isUnavailable(error.code)) {
    // By the number of deliveries: the task is neither charged nor a suspect, because a service that it needs is away.
    await delivery.release({ ...uncharged(attempt), delaySeconds: pauseSeconds(deps, delivery.fence) });
    return { outcome: 'retried', error };
  }
  // Best effort: the history lacks the attempt if the store is away.
  const recorded = deps.tasks.apply(attempt.envelope.taskId, { type: 'attempt-failed', ...run, error });
  const outcome = await recorded.catch(() => undefined);
  if (outcome === 'terminal' || outcome === 'mismatched')
    return { outcome: await settleRefused(deps, attempt, outcome) };
  if (attempts < deps.maxAttempts) {
    const delaySeconds = pauseSeconds(deps, attempts);
    await delivery.retry({ attempts, delaySeconds, isSuspect: isSuspect || attempt.mustRunAlone });
    return { outcome: 'retried', error };
  }
  const code = error.code === 'timeout' ? 'timeout' : 'attempts_exhausted';
  const runs = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const message = `Gave up after ${runs}. Last error: ${error.message}`;
  await delivery.reject(storableError({ code, message }), attempts);
  return { outcome: 'dead-lettered', error };
}

const pauseSeconds = ({ random }: SettleDeps, failures: number): number =>
  Math.ceil(backoffMs(RETRY_BACKOFF, failures, random) / 1000);

async function settleAborted(
  deps: SettleDeps,
  attempt: Attempt,
  cause: Extract<RunEnd, { readonly type: 'aborted' }>['cause'],
): Promise<Settlement> {
  switch (cause) {
    case 'deadline':
      return writeThenAck(deps, attempt, 'expired', async () =>
        expiryOf(attempt.envelope, deps.clock.now(), attempt.delivery.body),
      );
    case 'stopping':
      await attempt.delivery.release(uncharged(attempt));
      return { outcome: 'released' };
    case 'task-ended':
      return { outcome: await settleRefused(deps, attempt, 'terminal') };
    case 'lease-lost':
      return { outcome: await settleRefused(deps, attempt, 'superseded') };
  }
}

/** Settles a delivery whose event was refused by the store. */
async function settleRefused(
  deps: SettleDeps,
  { delivery, envelope }: Attempt,
  outcome: Exclude<EventOutcome, 'applied'>,
): Promise<AttemptOutcome> {
  if (outcome === 'superseded') {
    await settleDelivery(deps, delivery, () => postpone(delivery));
    return 'lease-lost';
  }
  await keepRequest(deps, delivery, envelope);
  await settleDelivery(deps, delivery, () => delivery.ack());
  return 'already-ended';
}

/**
 * Call before a message is deleted without an end of its task. A reader may have ended the task as expired, and only the
 * message has the request then, which a retry needs or waits for.
 */
export async function keepRequest(
  deps: Pick<SettleDeps, 'tasks' | 'queues' | 'clock'>,
  { body }: Pick<Delivery, 'body'>,
  envelope: Envelope,
): Promise<void> {
  if (deps.clock.now() + READER_AHEAD_MS >= envelope.deadlineAt) await keepFoundRequest(deps, { body, envelope });
}

/** The store has decided the outcome. If the queue is unavailable, it delivers the message again, and that is dropped. */
async function settleDelivery({ logger }: SettleDeps, delivery: Delivery, settle: () => Promise<void>): Promise<void> {
  try {
    await settle();
  } catch (error) {
    logger.warn('A message could not be acknowledged; it will be delivered again.', { reason: String(error) });
    await delivery.release().catch(() => undefined);
  }
}

async function writeThenAck(
  deps: SettleDeps,
  attempt: Attempt,
  applied: AttemptOutcome,
  createEvent: () => Promise<TaskEvent>,
): Promise<Settlement> {
  const outcome = await withRetries(deps, attempt.delivery.lease, async () =>
    deps.tasks.apply(attempt.envelope.taskId, await createEvent()),
  );
  if (outcome !== 'applied') return { outcome: await settleRefused(deps, attempt, outcome) };
  await settleDelivery(deps, attempt.delivery, () => attempt.delivery.ack());
  return { outcome: applied };
}

const runOf = ({ instance }: Pick<SettleDeps, 'instance'>, { delivery, number, envelope }: Attempt) => ({
  fence: delivery.fence,
  attempts: number,
  requestHash: envelope.requestHash,
  ...roundOf(envelope),
  instance,
});

/** What the model told last. */
async function toldBy({ told }: Attempt): Promise<{ readonly progress?: TaskProgress }> {
  const progress = await told?.rest();
  return progress ? { progress } : {};
}

/** Retries a write while the store is unavailable and the lease is held, because the result is computed already. */
async function withRetries<T>({ clock, random }: SettleDeps, lease: AbortSignal, write: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await write();
    } catch (error) {
      const isFinal = !(error instanceof ModelyardError && error.retryable) || failures >= STORE_TRIES;
      if (isFinal || lease.aborted) throw error;
      await clock.sleep(backoffMs(STORE_BACKOFF, failures, random), lease);
    }
  }
}
