import {
  type BlobStore,
  type Clock,
  type Delivery,
  decodeEnvelope,
  type Envelope,
  expiry,
  giveUpTask,
  loadPayload,
  ModelyardError,
  type RequestGate,
  type TaskStore,
} from '#core';
import type { LoadedModel } from '../backends/loaded-model.ts';
import { type Failure, finalFailure } from './failure.ts';
import { giveBackSuperseded, recordStart } from './record-start.ts';
import type { AttemptOutcome } from './worker-observer.ts';

/** A delivery that may run, with its request at hand. */
export interface Admitted {
  readonly delivery: Delivery;
  readonly envelope: Envelope;
  readonly request: unknown;
}

/** What became of a delivery: it may run, it was settled without running, or it failed before it could run. */
export type Admission =
  | { readonly admitted: Admitted }
  | { readonly settled: AttemptOutcome; readonly envelope?: Envelope }
  | { readonly failed: Failure; readonly envelope: Envelope };

export interface AdmitDeps {
  readonly model: LoadedModel;
  /** Decides which requests this instance can read. */
  readonly gate: RequestGate;
  readonly tasks: TaskStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
}

/** Decides whether a delivery runs here. Rejects when a store or the queue is away; the delivery is unsettled then. */
export async function admitTask(deps: AdmitDeps, delivery: Delivery): Promise<Admission> {
  const envelope = readEnvelope(delivery.body);
  if (!envelope) {
    await delivery.reject({ code: 'unreadable', message: 'The message is not a task envelope.' });
    return { settled: 'dead-lettered' };
  }
  const settled = await settleWithoutRunning(deps, delivery, envelope);
  if (settled) return { settled, envelope };
  try {
    const bytes = await loadPayload(deps.blobs, envelope.request);
    return { admitted: { delivery, envelope, request: deps.model.decodeRequest(bytes) } };
  } catch (error) {
    if (error instanceof ModelyardError && error.retryable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return { failed: finalFailure('request_unreadable', `The request cannot be read: ${reason}`), envelope };
  }
}

async function settleWithoutRunning(
  deps: AdmitDeps,
  delivery: Delivery,
  envelope: Envelope,
): Promise<AttemptOutcome | undefined> {
  const { model, tasks, clock } = deps;
  const now = clock.now();
  if (now >= envelope.deadlineAt) {
    await tasks.apply(envelope.taskId, expiry(now));
    await delivery.ack();
    return 'expired';
  }
  if (delivery.attempt > model.limits.maxAttempts) {
    await giveUp(deps, delivery);
    return 'dead-lettered';
  }
  const unreadable = await settleUnreadable(deps, delivery, envelope);
  if (unreadable) return unreadable;
  return delivery.attempt > 1 ? claimAgain(tasks, delivery, envelope, now) : undefined;
}

/** Before the claim: an instance must not fence out one that could run the task. */
async function settleUnreadable(
  { gate, blobs }: AdmitDeps,
  delivery: Delivery,
  { taskId, contractHash, request }: Envelope,
): Promise<AttemptOutcome | undefined> {
  const load = () =>
    loadPayload(blobs, request).catch((error: unknown) => {
      if (error instanceof ModelyardError && error.retryable) throw error;
      // The attempt loads it again, and fails with the reason.
      return new Uint8Array();
    });
  const decision = await gate({ taskId, contractHash, deliveries: delivery.attempt, load });
  if (decision.verdict === 'run') return undefined;
  if (decision.verdict === 'release') {
    await delivery.release(decision.delaySeconds);
    return 'released';
  }
  await delivery.reject(decision.reason);
  return 'dead-lettered';
}

/** Ends the task here, because a dead letter would count this delivery as an attempt that it never was. */
async function giveUp(deps: AdmitDeps, delivery: Delivery): Promise<void> {
  const { name, limits } = deps.model;
  const attempts = limits.maxAttempts;
  const message = `Gave up after ${attempts} attempts: the instances that ran this task died or lost it.`;
  const reason = { code: 'attempts_exhausted', message };
  await giveUpTask(deps, { model: name, body: delivery.body, attempts, reason });
  await delivery.reject(reason);
}

/** A redelivered task may have ended, or have another runner: only a recorded start may go on, and it fences the runner before. */
async function claimAgain(
  tasks: TaskStore,
  delivery: Delivery,
  { taskId }: Envelope,
  now: number,
): Promise<AttemptOutcome | undefined> {
  const outcome = await recordStart(tasks, taskId, { attempt: delivery.attempt, at: now });
  if (outcome === 'run') return undefined;
  if (outcome === 'ended') {
    await delivery.ack();
    return 'already-ended';
  }
  await giveBackSuperseded(delivery);
  return 'released';
}

function readEnvelope(body: Uint8Array): Envelope | undefined {
  try {
    return decodeEnvelope(body);
  } catch {
    // Poison: it can never run, whatever is wrong with it.
    return undefined;
  }
}
