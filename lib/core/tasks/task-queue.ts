/** Why a task goes to the dead letters, for whoever reads them. */
export interface RejectReason {
  readonly code: string;
  readonly message: string;
}

/** How a task goes back to its queue. */
export interface ReleaseOptions {
  /** 0–900. @default 0 */
  readonly delaySeconds?: number;
  /** Whether it is a suspect, which runs alone. @default as before with `keepFence`, false otherwise */
  readonly isSuspect?: boolean;
  /**
   * The next delivery has the fence of this one. Only for a delivery that was not run: once its start is recorded,
   * its fence is spent. @default false
   */
  readonly keepFence?: boolean;
}

/** How a task goes back to its queue after a run that is charged to it. */
export interface RetryOptions {
  /** Charged runs, the last one included. */
  readonly attempts: number;
  /** 0–900. @default 0 */
  readonly delaySeconds?: number;
  /** Whether it is a suspect, which runs alone. @default false */
  readonly isSuspect?: boolean;
}

/**
 * One delivery of one message, held under a lease that the consumer keeps renewing. The receiver settles
 * it once, with `ack`, `retry`, `release` or `reject`; left unsettled, it comes back when the lease ends.
 * Every settlement other than `ack` sends a copy, which carries fence and attempts on, and then deletes the
 * original. Settling rejects with `queue_unavailable` when the broker could not be told.
 */
export interface Delivery {
  /** An encoded `TaskEnvelope`, the very bytes sent; queues never look inside. */
  readonly body: Uint8Array;
  /** 1 on the first delivery, one more on each further one, whatever became of those before. Of dead letters: the last. */
  readonly fence: number;
  /** Charged runs before this delivery, as told by the last `retry` or `reject`. */
  readonly attempts: number;
  /** Earlier deliveries that nobody settled: the holder died, or lost its lease. */
  readonly losses: number;
  /** The last delivery was lost, or its holder marked the task: it runs alone. Always false for dead letters. */
  readonly isSuspect: boolean;
  /** Why it was given up; only on deliveries from the dead letters, and absent when the broker moved it there itself. */
  readonly reason?: RejectReason;
  /** Aborts when the lease is lost: somebody else may run the task from now on, and settling does nothing. */
  readonly lease: AbortSignal;
  /** Done: forget it. Acknowledgements travel in batches; resolves when the broker has confirmed this one. */
  ack(): Promise<void>;
  /** The run failed and is charged to the task; another one may follow. */
  retry(next: RetryOptions): Promise<void>;
  /** Back to the queue without a charge: not run, or the run was not the task's fault. */
  release(options?: ReleaseOptions): Promise<void>;
  /** Never again: move it to the dead letters, with the runs charged to it. */
  reject(reason: RejectReason, attempts: number): Promise<void>;
}

/** What a copy of a message carries, so that its deliveries continue the counts of the message that it replaces. */
export interface CarriedCounts {
  /** The next delivery has the fence after this one. */
  readonly fence: number;
  readonly attempts: number;
  readonly losses: number;
  readonly isSuspect: boolean;
}

/** The counts of a copy that a `retry` or a `release` sends. */
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

/** One receiver of one queue. */
export interface TaskConsumer {
  /**
   * Waits until something arrives and resolves with 1 to `max` deliveries; with none when the broker's
   * poll time passed, or when the consumer's signal aborts. On abort, what still arrives is released;
   * a message that the broker hands out at that very moment may come back only after a lease. Rejects with
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
