import type { Envelope } from './envelope.ts';
import { expiry } from './read-tasks.ts';
import { isTerminal, type Task } from './task.ts';
import type { StartedEvent, TaskEvent } from './task-event.ts';
import { lostAttempt } from './task-history.ts';
import type { Delivery } from './task-queue.ts';

/**
 * Maximum number of lost deliveries that are not charged: the instance died while it ran other tasks, or before it
 * recorded the start. Further losses are charged, so that every task ends.
 */
export const MAX_UNCHARGED_LOSSES = 20;

/** Why a message is deleted without a run. */
export type DropReason = 'ended' | 'missing' | 'mismatched' | 'other-copy';

/**
 * What the worker does with a delivery:
 * - `run`: runs it at once. Nothing is recorded first.
 * - `claim`: applies `start` to the task, then runs it; alone if `start.alone` is set.
 * - `drop`: acknowledges it.
 * - `postpone`: releases it (see `postpone`), because a newer delivery of the message holds the task.
 * - `give-up`: ends the task and moves the message to the dead-letter queue.
 * - `expire`: ends the task as expired, then acknowledges the message.
 */
export type DeliveryDecision =
  | { readonly do: 'run'; readonly attempt: number }
  | { readonly do: 'claim'; readonly attempt: number; readonly start: Omit<StartedEvent, 'at'> }
  | { readonly do: 'drop'; readonly why: DropReason }
  | { readonly do: 'postpone' }
  | { readonly do: 'give-up'; readonly attempts: number; readonly message: string }
  | { readonly do: 'expire' };

type DeliveryFacts = Pick<Delivery, 'fence' | 'attempts' | 'losses' | 'isSuspect'>;
/** Of the event of a message. The first round is the default. */
export const roundOf = ({ round }: Pick<Envelope, 'round'>): { readonly round?: number } => (round ? { round } : {});

type EnvelopeFacts = Pick<Envelope, 'deadlineAt' | 'requestHash' | 'copy' | 'round'>;

interface Limits {
  readonly maxAttempts: number;
  /** Unix milliseconds of the store's clock. */
  readonly now: number;
}

/**
 * First step of the decision: the message alone. `read-task` means that `judgeWithTask` decides. Only the first
 * delivery of an original message that is no suspect and was never retried runs without a read of its task.
 */
export function judgeMessage(
  { fence, isSuspect }: DeliveryFacts,
  { deadlineAt, copy, round = 0 }: EnvelopeFacts,
  now: number,
): Extract<DeliveryDecision, { readonly do: 'run' | 'expire' }> | { readonly do: 'read-task' } {
  if (now >= deadlineAt) return { do: 'expire' };
  return fence === 1 && copy === 0 && round === 0 && !isSuspect ? { do: 'run', attempt: 1 } : { do: 'read-task' };
}

/** Second step of the decision: the message and its task. `task` is undefined if it does not exist. */
export function judgeWithTask(
  delivery: DeliveryFacts,
  envelope: EnvelopeFacts,
  task: Task | undefined,
  { now, maxAttempts }: Limits,
): Exclude<DeliveryDecision, { readonly do: 'run' }> {
  if (now >= envelope.deadlineAt) return { do: 'expire' };
  if (!task) return { do: 'drop', why: 'missing' };
  if (isTerminal(task.state)) return { do: 'drop', why: 'ended' };
  const { requestHash, copy, round = 0 } = envelope;
  if (round !== (task.round ?? 0)) return { do: 'drop', why: 'mismatched' };
  if (requestHash !== undefined && requestHash !== task.requestHash) return { do: 'drop', why: 'mismatched' };
  if (task.copy !== undefined && task.copy !== copy) return { do: 'drop', why: 'other-copy' };
  if (task.fence >= delivery.fence) return { do: 'postpone' };
  const runs = chargedRuns(delivery, task);
  const attempts = Math.max(runs, delivery.losses - MAX_UNCHARGED_LOSSES);
  if (attempts >= maxAttempts)
    return { do: 'give-up', attempts: runs, message: givenUpBecause(runs, delivery, maxAttempts) };
  const attempt = attempts + 1;
  const { fence, isSuspect, losses } = delivery;
  const lost = losses > 0 && isSuspect ? lostAttempt(task) : undefined;
  return {
    do: 'claim',
    attempt,
    start: {
      ...{ type: 'started', fence, attempts: attempt, copy, alone: isSuspect, requestHash, ...roundOf(envelope) },
      ...(lost ? { lost } : {}),
    },
  };
}

/** A run alone is charged when it starts. If its instance dies, only the task has the new count. */
const chargedRuns = ({ attempts, isSuspect }: DeliveryFacts, task: Task): number =>
  isSuspect && task.startedAlone ? Math.max(attempts, task.attempts) : attempts;

function givenUpBecause(runs: number, { losses }: DeliveryFacts, maxAttempts: number): string {
  const attempts = `${runs} ${runs === 1 ? 'attempt' : 'attempts'}`;
  if (runs >= maxAttempts) return `Gave up after ${attempts}: the instances that ran this task died or lost it.`;
  return `Gave up after ${attempts} and ${losses} lost deliveries: the instances that received this task died.`;
}

/** Ends a task at its deadline, also when the timer fired 1 ms early. */
export const expiryOf = (
  { deadlineAt, requestHash, round }: EnvelopeFacts,
  now: number,
  envelope: Uint8Array,
): Extract<TaskEvent, { readonly type: 'expired' }> => ({
  ...expiry(Math.max(now, deadlineAt)),
  requestHash,
  ...roundOf({ round }),
  envelope,
});

/** Longer than most runs. */
const POSTPONED_SECONDS = 30;

/**
 * Releases a message whose task is held by another delivery of the same message. The message keeps its fence, so that
 * it never supersedes the holder. It becomes a suspect, so that the worker reads the task before it runs even a first
 * delivery. Does nothing if the lease is lost.
 */
export const postpone = (delivery: Delivery): Promise<void> =>
  delivery.release({ delaySeconds: POSTPONED_SECONDS, keepFence: true, isSuspect: true });
