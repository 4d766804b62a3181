import { randomUUID } from 'node:crypto';
import {
  type BlobStore,
  backoffMs,
  type Clock,
  type Delivery,
  type Envelope,
  expiryOf,
  MAX_PAYLOAD_BYTES,
  ModelyardError,
  storePayload,
  type TaskEvent,
  type TaskStore,
} from '#core';
import type { LoadedModel } from '../backends/loaded-model.ts';
import { settleRefused } from './admit-task.ts';
import { type Failure, finalFailure } from './failure.ts';
import type { RunAborted } from './run-abort.ts';
import type { AttemptOutcome, Settlement } from './worker-observer.ts';

export interface SettleDeps {
  readonly model: LoadedModel;
  readonly contractHash: string;
  readonly tasks: TaskStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
}

/** One attempt after its run. */
export interface Attempt {
  readonly delivery: Delivery;
  readonly envelope: Envelope;
  /** Number of the run among those charged to the task. */
  readonly attempt: number;
  readonly startedAt: number;
}

const RETRY_BACKOFF = { baseMs: 1000, maxMs: 60_000 };
const STORE_BACKOFF = { baseMs: 200, maxMs: 5000 };
const STORE_TRIES = 8;

/**
 * Publishes a response: result first, then the acknowledgement, so that a crash in between repeats the
 * task but never loses it. A result that cannot be kept ends the task as failed.
 */
export async function settleResponse(deps: SettleDeps, attempt: Attempt, response: unknown): Promise<Settlement> {
  const encoded = encodeResult(deps, response);
  if ('final' in encoded) return settleFailure(deps, attempt, encoded);
  // Runs may race: each leaves a blob of its own, and the result that wins names the right one.
  const key = `results/${attempt.envelope.taskId}/${randomUUID()}`;
  return writeThenAck(deps, attempt, 'succeeded', async () => ({
    type: 'succeeded',
    ...runOf(attempt),
    at: deps.clock.now(),
    result: { contractHash: deps.contractHash, payload: await storePayload(deps.blobs, key, encoded.bytes) },
  }));
}

/** Ends the task when the failure is final; otherwise tries it again later, or gives it up when its attempts are spent. */
export async function settleFailure(
  deps: SettleDeps,
  attempt: Attempt,
  { error, final }: Failure,
): Promise<Settlement> {
  const { delivery } = attempt;
  if (final) {
    const event = { type: 'failed', ...runOf(attempt), at: deps.clock.now(), error } as const;
    return { ...(await writeThenAck(deps, attempt, 'failed', async () => event)), error };
  }
  const { maxAttempts } = deps.model.limits;
  const attempts = attempt.attempt;
  if (attempts < maxAttempts) {
    await delivery.retry({ attempts, delaySeconds: Math.ceil(backoffMs(RETRY_BACKOFF, attempts) / 1000) });
    return { outcome: 'retried', error };
  }
  const code = error.code === 'timeout' ? 'timeout' : 'attempts_exhausted';
  const runs = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  await delivery.reject({ code, message: `Gave up after ${runs}. The last one: ${error.message}` }, attempts);
  return { outcome: 'dead-lettered', error };
}

/** Settles a run that was ended early. */
export async function settleAborted(
  deps: SettleDeps,
  attempt: Attempt,
  { abortCause }: RunAborted,
): Promise<Settlement> {
  switch (abortCause) {
    case 'timeout':
      return settleFailure(deps, attempt, {
        error: { code: 'timeout', message: 'The run took longer than it may.', retryable: true },
        final: false,
      });
    case 'deadline':
      return writeThenAck(deps, attempt, 'expired', async () => expiryOf(attempt.envelope, deps.clock.now()));
    case 'stopping':
      await attempt.delivery.release();
      return { outcome: 'released' };
    case 'task-ended':
      await attempt.delivery.ack();
      return { outcome: 'already-ended' };
    case 'lease-lost':
      return { outcome: await settleRefused(attempt.delivery, 'superseded') };
  }
}

function encodeResult({ model }: SettleDeps, response: unknown): { readonly bytes: Uint8Array } | Failure {
  let bytes: Uint8Array;
  try {
    bytes = model.encodeResponse(response);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return finalFailure('result_unserializable', `The model's answer does not fit its response message: ${reason}`);
  }
  if (bytes.byteLength <= MAX_PAYLOAD_BYTES) return { bytes };
  return finalFailure(
    'result_too_large',
    `The model's answer has ${bytes.byteLength} bytes; ${MAX_PAYLOAD_BYTES} are allowed.`,
  );
}

async function writeThenAck(
  deps: SettleDeps,
  { delivery, envelope }: Attempt,
  applied: AttemptOutcome,
  createEvent: () => Promise<TaskEvent>,
): Promise<Settlement> {
  const outcome = await persistently(deps.clock, delivery.lease, async () =>
    deps.tasks.apply(envelope.taskId, await createEvent()),
  );
  if (outcome !== 'applied') return { outcome: await settleRefused(delivery, outcome) };
  await delivery.ack();
  return { outcome: applied };
}

const runOf = ({ delivery, attempt, envelope, startedAt }: Attempt) => ({
  fence: delivery.fence,
  attempts: attempt,
  startedAt,
  requestHash: envelope.requestHash,
});

/** Work that was done is worth some patience with a store that is away, as long as the lease holds. */
async function persistently<T>(clock: Clock, lease: AbortSignal, write: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await write();
    } catch (error) {
      const hopeless = !(error instanceof ModelyardError && error.retryable) || failures >= STORE_TRIES;
      if (hopeless || lease.aborted) throw error;
      await clock.sleep(backoffMs(STORE_BACKOFF, failures), lease);
    }
  }
}
