import type { ModelyardError } from '../errors.ts';
import type { Priority } from './fair-order.ts';

/** Why a task was moved to the dead-letter queue. */
export interface RejectReason {
  readonly code: string;
  readonly message: string;
}

/** Options for returning a task to its queue without a charge. */
export interface ReleaseOptions {
  /** 0–900. @default 0 */
  readonly delaySeconds?: number;
  /** Charged runs before this delivery, where the task knows of more than the message. @default those of the message */
  readonly attempts?: number;
  /** A suspect runs alone. @default unchanged with `keepFence`, false otherwise */
  readonly isSuspect?: boolean;
  /**
   * Gives the next delivery the same fence. Only for a delivery that was not run: a recorded start uses up its fence.
   * @default false
   */
  readonly keepFence?: boolean;
}

/** Options for returning a task to its queue after a charged run. */
export interface RetryOptions {
  /** Charged runs, including the last one. */
  readonly attempts: number;
  /** 0–900. @default 0 */
  readonly delaySeconds?: number;
  /** A suspect runs alone. @default false */
  readonly isSuspect?: boolean;
}

/**
 * One delivery of a message, under a lease that the consumer renews. The receiver settles it once, with `ack`, `retry`,
 * `release` or `reject`. An unsettled message returns to the queue at the end of its lease. `retry`, `release` and
 * `reject` send a copy that carries fence and attempts, then delete the original. Settling rejects with
 * `queue_unavailable`.
 */
export interface Delivery {
  /** The encoded `TaskEnvelope`. Queues do not read it. */
  readonly body: Uint8Array;
  /** Counts the deliveries, from 1, however they ended. For dead letters: that of the last delivery. */
  readonly fence: number;
  /** Charged runs before this delivery: the value of the last `retry` or `reject`. */
  readonly attempts: number;
  /** Earlier deliveries that were not settled: the holder died or lost its lease. */
  readonly losses: number;
  /** The last delivery was lost, or its holder marked the task. A suspect runs alone. Always false for dead letters. */
  readonly isSuspect: boolean;
  /** Only for dead letters. Absent if the broker itself moved the message. */
  readonly reason?: RejectReason;
  /** Aborts when the lease is lost. Another instance may then run the task, and settling does nothing. */
  readonly lease: AbortSignal;
  /** Removes the task from the queue. Acknowledgements are batched; resolves when the broker has confirmed this one. */
  ack(): Promise<void>;
  /** Returns the task to the queue after a failed run, which is charged. */
  retry(next: RetryOptions): Promise<void>;
  /** Returns the task to the queue without a charge: it was not run, or another task caused the failure. */
  release(options?: ReleaseOptions): Promise<void>;
  /** Moves the task to the dead-letter queue. `attempts`: charged runs. */
  reject(reason: RejectReason, attempts: number): Promise<void>;
}

/** The counts that a copy of a message carries, so that its deliveries continue those of the original. */
export interface CarriedCounts {
  /** The next delivery gets this fence plus 1. */
  readonly fence: number;
  readonly attempts: number;
  readonly losses: number;
  readonly isSuspect: boolean;
}

/** The counts of a message as its broker returns them. Messages of earlier builds have `attempts` only. */
export interface StoredCounts {
  readonly fence: number | undefined;
  readonly attempts: number | undefined;
  readonly losses: number | undefined;
  readonly isSuspect: boolean;
}

/**
 * The counts of a delivery. `lost`: earlier deliveries of this copy, which were not settled. A message of an earlier
 * build may be delivered again with the number that is recorded already, so its fence is 1 higher.
 */
export function countsOfDelivery({ fence, attempts, losses, isSuspect }: StoredCounts, lost: number): CarriedCounts {
  const carried = fence ?? (attempts === undefined ? 0 : attempts + 1);
  return {
    fence: carried + lost + 1,
    attempts: attempts ?? 0,
    losses: (losses ?? 0) + lost,
    isSuspect: lost > 0 || isSuspect,
  };
}

/**
 * The counts of a dead letter. `receives`: the deliveries after which the broker itself moves a message; 0 for a message
 * that a worker moved.
 */
export const countsOfDeadLetter = ({ fence, attempts, losses }: StoredCounts, receives: number): CarriedCounts => ({
  fence: (fence ?? 0) + receives,
  attempts: attempts ?? 0,
  losses: losses ?? 0,
  isSuspect: false,
});

/** The counts of the copy that `retry` or `release` sends. */
export function countsOfCopy(
  { fence, attempts, losses, isSuspect }: CarriedCounts,
  next: Partial<RetryOptions & ReleaseOptions>,
): CarriedCounts {
  return {
    fence: next.keepFence ? fence - 1 : fence,
    attempts: next.attempts ?? attempts,
    losses,
    isSuspect: next.isSuspect ?? (next.keepFence === true && isSuspect),
  };
}

/** `prefetchMs` where a receive costs next to nothing: messages that a worker holds cannot be overtaken. */
export const SHORT_PREFETCH_MS = 25;

/** Receives from one queue. */
export interface TaskConsumer {
  /** How many milliseconds of work a worker may receive ahead of its runs. @default 500 */
  readonly prefetchMs?: number;
  /**
   * Waits for messages and resolves with 1 to `max` deliveries. Resolves with none after the broker's poll time, or
   * when the consumer's signal aborts. Messages that arrive after the abort are released; one that the broker delivers
   * at that moment may return only at the end of its lease. Rejects with `queue_unavailable`. Not reentrant.
   */
  receive(max: number): Promise<readonly Delivery[]>;
  /** Flushes pending acknowledgements and stops renewing. Unsettled messages return at the end of their leases. */
  close(): Promise<void>;
}

/** Receives events of leases. Must not throw. */
export interface LeaseObserver {
  /** `count` leases were renewed in one call. */
  leasesRenewed(count: number): void;
  leaseLost(): void;
}

export interface ConsumeOptions {
  /** Time until the task of a crashed receiver is delivered again. Leases are renewed at a third of it. 1–43,200. */
  readonly leaseSeconds: number;
  /** Stops receiving. Deliveries can still be settled. */
  readonly signal: AbortSignal;
  /** @default none */
  readonly observer?: LeaseObserver;
  /** @default 'tasks' */
  readonly source?: 'tasks' | 'dead-letters';
}

/** Approximate counts. They may lag by seconds. */
export interface QueueDepth {
  readonly visible: number;
  /** Received and not yet settled. */
  readonly inFlight: number;
  /** Waiting for a retry delay to pass. */
  readonly delayed: number;
  readonly deadLetters: number;
}

export interface QueuedMessage {
  readonly body: Uint8Array;
  /** The owner. Groups take turns. */
  readonly group: string;
  /** Orders the messages of a group, and weighs its turns. @default 'normal' */
  readonly priority?: Priority;
  /** What `reserve` returned for this message. */
  readonly reservation?: Promise<TurnReservation>;
}

/** The place of a message that is not sent yet. Lanes are parts of a queue; 0 is the first. */
export interface TurnReservation {
  readonly turn: number;
  readonly lane: number;
}

/**
 * The queue of one model. Delivers at least once. Groups take turns: the backlog of one group does not delay the only
 * message of another. Otherwise, the order is not guaranteed.
 */
export interface TaskQueue {
  /**
   * Resolves when the broker has stored the message. Rejects with `queue_unavailable`; the message may have been stored
   * nevertheless.
   */
  send(message: QueuedMessage): Promise<void>;
  /**
   * Sends many messages with fewer calls. Resolves with the error of each message that the broker did not confirm, in the
   * order of the messages. Absent where single sends at once cost the same.
   */
  sendMany?(messages: readonly QueuedMessage[]): Promise<readonly (ModelyardError | undefined)[]>;
  /**
   * Starts to place the next message of a group while its sender does something else. Never rejects. Absent where
   * `send` needs no time for it.
   */
  reserve?(group: string, priority?: Priority): Promise<TurnReservation>;
  consume(options: ConsumeOptions): TaskConsumer;
  depth(): Promise<QueueDepth>;
}

/** Does no I/O. For an unknown model, the methods of the queue reject. */
export type TaskQueues = (model: string) => TaskQueue;

/** Turns the delivery of dead letters on while there are any. */
export interface DeadLetterFollower {
  /** `waiting`: dead letters of the model now. */
  follow(model: string, waiting: number): Promise<void>;
}
