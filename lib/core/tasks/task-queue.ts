/** Why a task goes to the dead letters, for whoever reads them. */
export interface RejectReason {
  readonly code: string;
  readonly message: string;
}

/**
 * One attempt at one task, held under a lease that the consumer keeps renewing. The receiver settles
 * it once, with `ack`, `retry`, `release` or `reject`; left unsettled, it comes back when the lease ends.
 * Settling rejects with `queue_unavailable` when the broker could not be told.
 */
export interface Delivery {
  /** An encoded `TaskEnvelope`, the very bytes sent; queues never look inside. */
  readonly body: Uint8Array;
  /**
   * 1 on the first delivery, one more on each redelivery after a crash, a lost lease or a `retry`. On
   * deliveries from the dead letters: the attempts that were spent before.
   */
  readonly attempt: number;
  /** Why it was given up; only on deliveries from the dead letters, and absent when the broker moved it there itself. */
  readonly reason?: RejectReason;
  /** Aborts when the lease is lost: somebody else may run the task from now on, and settling does nothing. */
  readonly lease: AbortSignal;
  /** Done: forget it. Acknowledgements travel in batches; resolves when the broker has confirmed this one. */
  ack(): Promise<void>;
  /** This attempt failed: the next one after `delaySeconds` (default 0; 0–900). */
  retry(delaySeconds?: number): Promise<void>;
  /** This attempt did not happen: back to the queue with the same attempt number after `delaySeconds` (default 0; 0–900). */
  release(delaySeconds?: number): Promise<void>;
  /** Never again: move it to the dead letters. */
  reject(reason: RejectReason): Promise<void>;
}

/** One receiver of one queue. */
export interface TaskConsumer {
  /**
   * Waits until something arrives and resolves with 1 to `max` deliveries; with none when the broker's
   * poll time passed, or when the consumer's signal aborts. A receive in flight is never cut short at the
   * broker: on abort it is waited out, and what still arrives is released. Rejects with
   * `queue_unavailable` when the broker cannot be reached. One call at a time.
   */
  receive(max: number): Promise<readonly Delivery[]>;
  /** Flushes pending acknowledgements and stops renewing; deliveries still held come back when their lease ends. */
  close(): Promise<void>;
}

/** Hears what becomes of leases. Must not throw. */
export interface LeaseObserver {
  /** So many leases were renewed at once. */
  leasesRenewed(count: number): void;
  leaseLost(): void;
}

export interface ConsumeOptions {
  /** How long a crashed receiver keeps a task from the others; renewed at a third of it. 1–43,200. */
  readonly leaseSeconds: number;
  /** Stops receiving. What was already received can still be settled. */
  readonly signal: AbortSignal;
  /** @default nobody */
  readonly observer?: LeaseObserver;
  /** @default 'tasks' */
  readonly source?: 'tasks' | 'dead-letters';
}

/** Approximate counts; a broker may be seconds behind. */
export interface QueueDepth {
  readonly visible: number;
  /** Received and not yet settled. */
  readonly inFlight: number;
  /** Waiting for a retry delay to pass. */
  readonly delayed: number;
  readonly deadLetters: number;
}

/** Tasks waiting for one model. Delivery is at least once, in no promised order. */
export interface TaskQueue {
  /**
   * Resolves when the broker has the message for good. `group` is the owner: brokers that can share
   * receivers fairly between groups do. Rejects with `queue_unavailable`; then the message may or may
   * not have been taken.
   */
  send(message: { readonly body: Uint8Array; readonly group: string }): Promise<void>;
  consume(options: ConsumeOptions): TaskConsumer;
  depth(): Promise<QueueDepth>;
}

/** The queue of a model. Cheap to call; an unknown model fails when the queue is used. */
export type TaskQueues = (model: string) => TaskQueue;
