import {
  type Delivery,
  type Envelope,
  expiryOf,
  giveUpTask,
  judgeMessage,
  judgeWithTask,
  ModelyardError,
  postpone,
  type RequestGate,
  readEnvelope,
  type StartedEvent,
  type StatsStore,
  type TaskStore,
  type Tracing,
} from '#core';
import { type Attempt, closed, trailOf } from './attempt.ts';
import { AttemptSpans } from './attempt-spans.ts';
import { loadRequest } from './large-payloads.ts';
import { keepRequest, type SettleDeps, settleFailure } from './settle-task.ts';
import type { AttemptOutcome, EndedAttempt } from './worker-observer.ts';

export interface AdmitDeps extends SettleDeps {
  readonly modelName: string;
  /** Decides which requests this instance can decode. */
  readonly gate: RequestGate;
  readonly tasks: TaskStore;
  readonly stats?: Pick<StatsStore, 'add'>;
  /** @default no traces */
  readonly tracing?: Tracing | undefined;
}

/**
 * Resolves with an attempt to run, or with the outcome of a delivery that was settled without a run. Rejects when a
 * store or the queue is unavailable; the delivery is not settled then.
 */
export async function admitTask(deps: AdmitDeps, delivery: Delivery): Promise<Attempt | EndedAttempt> {
  const receivedAt = deps.clock.now();
  const envelope = readEnvelope(delivery.body);
  if (!envelope) {
    await delivery.reject({ code: 'unreadable', message: 'The message is not a task envelope.' }, delivery.attempts);
    return { attempt: delivery.attempts, outcome: 'dead-lettered' };
  }
  const trail = trailOf(envelope);
  const decision = await decide(deps, delivery, envelope);
  if (typeof decision === 'string') return { attempt: delivery.attempts, ...trail, outcome: decision };
  const { number, claim } = decision;
  const { tracing, modelName: model, instance } = deps;
  const attempt: Attempt = {
    delivery,
    envelope,
    request: new Uint8Array(),
    receivedAt,
    number,
    mustRunAlone: claim?.alone ?? false,
    claim,
    isRecorded: false,
    repetitions: 0,
    spans: tracing && new AttemptSpans(tracing, { model, instance, envelope, receivedAt, number }),
  };
  try {
    return { ...attempt, request: await loadRequest(deps, envelope.request) };
  } catch (error) {
    if (!(error instanceof ModelyardError) || error.retryable) throw error;
    const isInvalid = error.code === 'invalid_input';
    const failure = {
      code: isInvalid ? 'invalid_input' : 'request_unreadable',
      message: isInvalid ? error.message : `The request cannot be read: ${error.message}`,
      retryable: false,
    };
    const settlement = await settleFailure(deps, attempt, { error: failure, startedAt: receivedAt });
    return closed(attempt, { attempt: number, ...trail, ...settlement });
  }
}

type Decision = AttemptOutcome | { readonly number: number; readonly claim: Omit<StartedEvent, 'at'> | undefined };

async function decide(deps: AdmitDeps, delivery: Delivery, envelope: Envelope): Promise<Decision> {
  const { tasks, clock, maxAttempts } = deps;
  const now = clock.now();
  const first = judgeMessage(delivery, envelope, now);
  const decision =
    first.do === 'read-task'
      ? judgeWithTask(delivery, envelope, await tasks.get(envelope.taskId), { now, maxAttempts })
      : first;
  const unreadable =
    decision.do === 'run' || decision.do === 'claim' ? await settleUnreadable(deps, delivery, envelope) : undefined;
  if (unreadable) return unreadable;
  switch (decision.do) {
    case 'run':
      return { number: decision.attempt, claim: undefined };
    case 'claim':
      return { number: decision.attempt, claim: decision.start };
    case 'expire': {
      const expired = await expireTask(deps, delivery, envelope);
      await delivery.ack();
      return expired ? 'expired' : 'already-ended';
    }
    case 'give-up':
      await giveUp(deps, delivery, decision);
      return 'dead-lettered';
    case 'drop':
      await keepRequest(deps, delivery, envelope);
      await delivery.ack();
      return 'already-ended';
    case 'postpone':
      await postpone(delivery);
      return 'released';
  }
}

/** Resolves with true if the task was ended. */
async function expireTask(deps: AdmitDeps, delivery: Delivery, envelope: Envelope): Promise<boolean> {
  const { tasks, clock } = deps;
  const outcome = await tasks.apply(envelope.taskId, expiryOf(envelope, clock.now(), delivery.body));
  if (outcome !== 'applied') await keepRequest(deps, delivery, envelope);
  return outcome === 'applied';
}

/** Runs before the claim: an instance that cannot read the request must not fence out one that can. */
async function settleUnreadable(
  deps: AdmitDeps,
  delivery: Delivery,
  { taskId, contractHash, request }: Envelope,
): Promise<AttemptOutcome | undefined> {
  const load = () =>
    loadRequest(deps, request).catch((error: unknown) => {
      if (error instanceof ModelyardError && error.retryable) throw error;
      // The attempt loads the request again and fails with the reason.
      return new Uint8Array();
    });
  const { fence, isSuspect, attempts } = delivery;
  const decision = await deps.gate({ taskId, contractHash, deliveries: fence, load });
  if (decision.verdict === 'run') return undefined;
  if (decision.verdict === 'release') {
    await delivery.release({ delaySeconds: decision.delaySeconds, isSuspect });
    return 'released';
  }
  await delivery.reject(decision.reason, attempts);
  return 'dead-lettered';
}

/** Ends the task now, because the dead-letter queue may be read much later. */
async function giveUp(
  deps: AdmitDeps,
  delivery: Delivery,
  { attempts, message }: { readonly attempts: number; readonly message: string },
): Promise<void> {
  const reason = { code: 'attempts_exhausted', message };
  await giveUpTask(deps, { model: deps.modelName, body: delivery.body, attempts, reason });
  await delivery.reject(reason, attempts);
}
