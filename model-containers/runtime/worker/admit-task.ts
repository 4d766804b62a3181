import {
  type BlobStore,
  type Clock,
  type Delivery,
  type Envelope,
  type EventOutcome,
  expiryOf,
  giveUpTask,
  judgeMessage,
  judgeWithTask,
  loadPayload,
  ModelyardError,
  postpone,
  type RequestGate,
  readEnvelope,
  type TaskStore,
} from '#core';
import type { LoadedModel } from '../backends/loaded-model.ts';
import { type Failure, finalFailure } from './failure.ts';
import type { AttemptOutcome } from './worker-observer.ts';

/** A delivery that may run, with its request at hand. */
export interface Admitted {
  readonly delivery: Delivery;
  readonly envelope: Envelope;
  readonly request: unknown;
  /** Number of the run among those charged to the task. */
  readonly attempt: number;
  /** Whether its start is recorded already. */
  readonly isClaimed: boolean;
}

/** What became of a delivery: it may run, it was settled without running, or it failed before it could run. */
export type Admission =
  | { readonly admitted: Admitted }
  | { readonly settled: AttemptOutcome; readonly envelope?: Envelope }
  | { readonly failed: Failure; readonly envelope: Envelope; readonly attempt: number };

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
    await delivery.reject({ code: 'unreadable', message: 'The message is not a task envelope.' }, delivery.attempts);
    return { settled: 'dead-lettered' };
  }
  const decided = await decide(deps, delivery, envelope);
  if ('settled' in decided) return { settled: decided.settled, envelope };
  const { attempt, isClaimed } = decided;
  try {
    const bytes = await loadPayload(deps.blobs, envelope.request);
    const request = deps.model.decodeRequest(bytes);
    return { admitted: { delivery, envelope, request, attempt, isClaimed } };
  } catch (error) {
    if (error instanceof ModelyardError && error.retryable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return { failed: finalFailure('request_unreadable', `The request cannot be read: ${reason}`), envelope, attempt };
  }
}

type Decision = { readonly settled: AttemptOutcome } | { readonly attempt: number; readonly isClaimed: boolean };

async function decide(deps: AdmitDeps, delivery: Delivery, envelope: Envelope): Promise<Decision> {
  const { model, tasks, clock } = deps;
  const now = clock.now();
  const first = judgeMessage(delivery, envelope, now);
  const { maxAttempts } = model.limits;
  const fate =
    first.do === 'look'
      ? judgeWithTask(delivery, envelope, await tasks.get(envelope.taskId), { now, maxAttempts })
      : first;
  const unreadable =
    fate.do === 'run' || fate.do === 'claim' ? await settleUnreadable(deps, delivery, envelope) : undefined;
  if (unreadable) return { settled: unreadable };
  switch (fate.do) {
    case 'run':
      return { attempt: fate.attempt, isClaimed: false };
    case 'claim': {
      const outcome = await tasks.apply(envelope.taskId, { ...fate.start, at: now });
      if (outcome === 'applied') return { attempt: fate.attempt, isClaimed: true };
      return { settled: await settleRefused(delivery, outcome) };
    }
    case 'expire':
      await tasks.apply(envelope.taskId, expiryOf(envelope, now));
      await delivery.ack();
      return { settled: 'expired' };
    case 'give-up':
      await giveUp(deps, delivery, fate);
      return { settled: 'dead-lettered' };
    case 'drop':
      await delivery.ack();
      return { settled: 'already-ended' };
    case 'postpone':
      await postpone(delivery);
      return { settled: 'released' };
  }
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
  const { fence, isSuspect, attempts } = delivery;
  const decision = await gate({ taskId, contractHash, deliveries: fence, load });
  if (decision.verdict === 'run') return undefined;
  if (decision.verdict === 'release') {
    await delivery.release({ delaySeconds: decision.delaySeconds, isSuspect });
    return 'released';
  }
  await delivery.reject(decision.reason, attempts);
  return 'dead-lettered';
}

/** Ends the task here, because the dead letter may be handled much later. */
async function giveUp(
  deps: AdmitDeps,
  delivery: Delivery,
  { attempts, message }: { readonly attempts: number; readonly message: string },
): Promise<void> {
  const reason = { code: 'attempts_exhausted', message };
  await giveUpTask(deps, { model: deps.model.name, body: delivery.body, attempts, reason });
  await delivery.reject(reason, attempts);
}

/** Settles a delivery whose event the store refused. */
export async function settleRefused(delivery: Delivery, outcome: EventOutcome): Promise<AttemptOutcome> {
  if (outcome === 'superseded') {
    await postpone(delivery);
    return 'lease-lost';
  }
  await delivery.ack();
  return 'already-ended';
}
