import {
  type CarriedCounts,
  countsOfCopy,
  type Delivery,
  type RejectReason,
  type ReleaseOptions,
  type RetryOptions,
} from '#core';
import type { Handle, ReceivedMessage } from './message-table.ts';

/** Operations of the consumer. Each resolves with false if the message is no longer held. */
export interface Settlement {
  ack(delivery: SqliteDelivery): Promise<boolean>;
  release(delivery: SqliteDelivery, counts: CarriedCounts, delaySeconds: number): Promise<boolean>;
  moveToDeadLetters(delivery: SqliteDelivery, attempts: number, reason: RejectReason): Promise<boolean>;
}

/** A message under a lease of this process. */
export class SqliteDelivery implements Delivery {
  readonly handle: Handle;
  readonly body: Uint8Array;
  readonly fence: number;
  readonly attempts: number;
  readonly losses: number;
  readonly isSuspect: boolean;
  readonly reason?: RejectReason;
  /** Unix milliseconds. */
  leaseUntil: number;
  /** While true, a failed renewal does not mean that the lease is lost. */
  isSettling = false;
  readonly #settlement: Settlement;
  #lease: AbortController | undefined;
  #isLost = false;

  constructor(message: ReceivedMessage, leaseUntil: number, settlement: Settlement) {
    this.handle = { id: message.id, receipt: message.receipt };
    this.body = message.body;
    this.fence = message.fence;
    this.attempts = message.attempts;
    this.losses = message.losses;
    this.isSuspect = message.is_suspect === 1;
    // Only this adapter writes this column.
    if (message.reason !== null) this.reason = JSON.parse(message.reason) as RejectReason;
    this.leaseUntil = leaseUntil;
    this.#settlement = settlement;
  }

  /** Created on first use, because most deliveries are settled without a listener. */
  get lease(): AbortSignal {
    this.#lease ??= new AbortController();
    if (this.#isLost) this.#lease.abort();
    return this.#lease.signal;
  }

  ack(): Promise<void> {
    return this.#settle(() => this.#settlement.ack(this));
  }

  retry(next: RetryOptions): Promise<void> {
    return this.#release(countsOfCopy(this, next), next.delaySeconds);
  }

  release(options: ReleaseOptions = {}): Promise<void> {
    return this.#release(countsOfCopy(this, options), options.delaySeconds);
  }

  reject(reason: RejectReason, attempts: number): Promise<void> {
    return this.#settle(() => this.#settlement.moveToDeadLetters(this, attempts, reason));
  }

  /** Call when another process may receive the message. */
  loseLease(): void {
    this.#isLost = true;
    this.#lease?.abort();
  }

  #release(counts: CarriedCounts, delaySeconds = 0): Promise<void> {
    return this.#settle(() => this.#settlement.release(this, counts, delaySeconds));
  }

  async #settle(settle: () => Promise<boolean>): Promise<void> {
    if (this.#isLost) return;
    this.isSettling = true;
    try {
      if (!(await settle())) this.loseLease();
    } finally {
      this.isSettling = false;
    }
  }
}
