import {
  type CarriedCounts,
  countsOfCopy,
  type Delivery,
  type RejectReason,
  type ReleaseOptions,
  type RetryOptions,
  unavailable,
} from '#core';
import type { BufferedMessage, LeaseHolder, MessageBuffer } from './message-buffer.ts';

export class MemoryDelivery implements Delivery {
  readonly body: Uint8Array;
  readonly fence: number;
  readonly attempts: number;
  readonly losses: number;
  readonly isSuspect: boolean;
  readonly reason?: RejectReason;
  readonly holder: LeaseHolder;
  /** Unix milliseconds. */
  leaseEndsAt: number;
  /** False after a failed settlement: the lease must end if the holder does not retry. */
  isRenewed = true;
  readonly #messages: MessageBuffer;
  readonly #message: BufferedMessage;
  #lease: AbortController | undefined;
  #lost = false;

  constructor(messages: MessageBuffer, holder: LeaseHolder, message: BufferedMessage, leaseEndsAt: number) {
    const { counts } = message;
    this.#messages = messages;
    this.#message = message;
    this.holder = holder;
    this.leaseEndsAt = leaseEndsAt;
    this.body = message.body;
    this.fence = messages.isDeadLetterQueue ? counts.fence : counts.fence + 1;
    this.attempts = counts.attempts;
    this.losses = counts.losses;
    this.isSuspect = counts.isSuspect;
    if (message.reason !== undefined) this.reason = message.reason;
  }

  /** Created on first use, because most deliveries are settled without a listener. */
  get lease(): AbortSignal {
    this.#lease ??= new AbortController();
    if (this.#lost) this.#lease.abort();
    return this.#lease.signal;
  }

  async ack(): Promise<void> {
    this.#endLease();
  }

  async retry(next: RetryOptions): Promise<void> {
    if (this.#endLease()) this.#messages.put(this.#copy(countsOfCopy(this, next)), next.delaySeconds);
  }

  async release(options: ReleaseOptions = {}): Promise<void> {
    if (this.#endLease()) this.#messages.put(this.#copy(countsOfCopy(this, options)), options.delaySeconds);
  }

  async reject(reason: RejectReason, attempts: number): Promise<void> {
    const { deadLetters = this.#messages } = this.#messages;
    const counts = { fence: this.fence, attempts, losses: this.losses, isSuspect: false };
    if (this.#endLease()) deadLetters.put({ body: this.body, turn: 0, counts, reason });
  }

  /** The message to redeliver after the lease was lost. */
  messageAfterLoss(): BufferedMessage {
    const { fence, attempts, losses } = this;
    return this.#copy({ fence, attempts, losses: losses + 1, isSuspect: true });
  }

  loseLease(): void {
    this.#lost = true;
    this.#lease?.abort();
  }

  /** Dead letters are returned unchanged. */
  #copy(counts: CarriedCounts): BufferedMessage {
    return this.#messages.isDeadLetterQueue ? this.#message : { body: this.body, turn: this.#message.turn, counts };
  }

  #endLease(): boolean {
    if (this.#lost) return false;
    if (!this.holder.reachable) {
      this.isRenewed = false;
      throw unavailable('queue_unavailable', 'The task queue is unavailable.', undefined);
    }
    return this.#messages.endLease(this);
  }
}
