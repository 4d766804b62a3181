import type { Envelope } from './envelope.ts';
import { expiry } from './read-tasks.ts';
import { isTerminal, type Task } from './task.ts';
import type { StartedEvent, TaskEvent } from './task-events.ts';
import type { Delivery } from './task-queue.ts';

/**
 * Lost deliveries of a task that are not charged although no run of it alone was recorded: its instances died while
 * they ran other tasks, or before they could record anything. Further ones are charged, so that every task ends.
 */
export const MAX_UNCHARGED_LOSSES = 20;

/** Why a message can be deleted without a run. */
export type DropReason = 'ended' | 'missing' | 'mismatched' | 'other-copy';

/**
 * What is to be done with a delivery:
 * - `run`: at once; nothing has to be recorded before.
 * - `claim`: run after `start` was applied to the task, alone when `start.alone` is set.
 * - `drop`: acknowledge it.
 * - `postpone`: a newer delivery of the same message holds the task; see `postpone`.
 * - `give-up`: end the task and move the message to the dead letters.
 * - `expire`: end the task as expired, then acknowledge.
 */
export type Fate =
  | { readonly do: 'run'; readonly attempt: number }
  | { readonly do: 'claim'; readonly attempt: number; readonly start: Omit<StartedEvent, 'at'> }
  | { readonly do: 'drop'; readonly why: DropReason }
  | { readonly do: 'postpone' }
  | { readonly do: 'give-up'; readonly attempts: number; readonly message: string }
  | { readonly do: 'expire' };

type DeliveryFacts = Pick<Delivery, 'fence' | 'attempts' | 'losses' | 'isSuspect'>;
type EnvelopeFacts = Pick<Envelope, 'deadlineAt' | 'requestHash' | 'copy'>;

interface Limits {
  readonly maxAttempts: number;
  /** Unix milliseconds, by the clock of the store. */
  readonly now: number;
}

/**
 * The first half of the decision, from the message alone. `look` asks for `judgeWithTask`: only the first delivery of
 * an original message that is not a suspect runs without a look at its task.
 */
export function judgeMessage(
  { fence, isSuspect }: DeliveryFacts,
  { deadlineAt, copy }: EnvelopeFacts,
  now: number,
): Extract<Fate, { readonly do: 'run' | 'expire' }> | { readonly do: 'look' } {
  if (now >= deadlineAt) return { do: 'expire' };
  return fence === 1 && copy === 0 && !isSuspect ? { do: 'run', attempt: 1 } : { do: 'look' };
}

/** The second half, with the task as it is now; undefined when there is none. */
export function judgeWithTask(
  delivery: DeliveryFacts,
  envelope: EnvelopeFacts,
  task: Task | undefined,
  { now, maxAttempts }: Limits,
): Exclude<Fate, { readonly do: 'run' }> {
  if (now >= envelope.deadlineAt) return { do: 'expire' };
  if (!task) return { do: 'drop', why: 'missing' };
  if (isTerminal(task.state)) return { do: 'drop', why: 'ended' };
  const { requestHash, copy } = envelope;
  if (requestHash !== undefined && requestHash !== task.requestHash) return { do: 'drop', why: 'mismatched' };
  if (task.copy !== undefined && task.copy !== copy) return { do: 'drop', why: 'other-copy' };
  if (task.fence >= delivery.fence) return { do: 'postpone' };
  const runs = chargedRuns(delivery, task);
  const attempts = Math.max(runs, delivery.losses - MAX_UNCHARGED_LOSSES);
  if (attempts >= maxAttempts)
    return { do: 'give-up', attempts: runs, message: givenUpBecause(runs, delivery, maxAttempts) };
  const attempt = attempts + 1;
  const { fence, isSuspect } = delivery;
  return {
    do: 'claim',
    attempt,
    start: { type: 'started', fence, attempts: attempt, copy, alone: isSuspect, requestHash },
  };
}

/** A lone run was charged when it started; its message does not tell of it when its instance died. */
const chargedRuns = ({ attempts, isSuspect }: DeliveryFacts, task: Task): number =>
  isSuspect && task.startedAlone ? Math.max(attempts, task.attempts) : attempts;

function givenUpBecause(runs: number, { losses }: DeliveryFacts, maxAttempts: number): string {
  const attempts = `${runs} ${runs === 1 ? 'attempt' : 'attempts'}`;
  if (runs >= maxAttempts) return `Gave up after ${attempts}: the instances that ran this task died or lost it.`;
  return `Gave up after ${attempts} and ${losses} lost deliveries: the instances that received this task died.`;
}

/** The event that ends the task of a message at its deadline, also when a timer fired a millisecond early. */
export const expiryOf = ({ deadlineAt, requestHash }: EnvelopeFacts, now: number): TaskEvent => ({
  ...expiry(Math.max(now, deadlineAt)),
  requestHash,
});

/** Long enough for most tasks to end meanwhile. */
const POSTPONED_SECONDS = 30;

/**
 * Gives back a message whose task another delivery of the same message holds. It keeps its fence, so that it never
 * overtakes the holder, and is marked, so that even a first delivery looks at its task before it runs. It is dropped
 * once the task has ended. Does nothing when its lease is lost, because somebody else has the message then.
 */
export const postpone = (delivery: Delivery): Promise<void> =>
  delivery.release({ delaySeconds: POSTPONED_SECONDS, keepFence: true, isSuspect: true });
