import {
  type CarriedCounts,
  countsOfCopy,
  type Delivery,
  type RejectReason,
  type ReleaseOptions,
  type RetryOptions,
  unavailable,
} from '#core';
import type { Holder, Letter, Mailbox } from './mailbox.ts';

/** A letter in somebody's hands. */
export class MemoryDelivery implements Delivery {
  readonly body: Uint8Array;
  readonly fence: number;
  readonly attempts: number;
  readonly losses: number;
  readonly isSuspect: boolean;
  readonly reason?: RejectReason;
  readonly holder: Holder;
  /** Unix milliseconds. */
  leaseEndsAt: number;
  /** False after a settlement that did not get through: nobody knows whether the holder tries again. */
  isRenewed = true;
  readonly #mailbox: Mailbox;
  readonly #letter: Letter;
  #lease: AbortController | undefined;
  #lost = false;

  constructor(mailbox: Mailbox, holder: Holder, letter: Letter, leaseEndsAt: number) {
    const { counts } = letter;
    this.#mailbox = mailbox;
    this.#letter = letter;
    this.holder = holder;
    this.leaseEndsAt = leaseEndsAt;
    this.body = letter.body;
    this.fence = mailbox.isOfDeadLetters ? counts.fence : counts.fence + 1;
    this.attempts = counts.attempts;
    this.losses = counts.losses;
    this.isSuspect = counts.isSuspect;
    if (letter.reason !== undefined) this.reason = letter.reason;
  }

  /** Created on first use: most deliveries are settled without anybody listening. */
  get lease(): AbortSignal {
    this.#lease ??= new AbortController();
    if (this.#lost) this.#lease.abort();
    return this.#lease.signal;
  }

  async ack(): Promise<void> {
    this.#letGo();
  }

  async retry(next: RetryOptions): Promise<void> {
    if (this.#letGo()) this.#mailbox.put(this.#copy(countsOfCopy(this, next)), next.delaySeconds);
  }

  async release(options: ReleaseOptions = {}): Promise<void> {
    if (this.#letGo()) this.#mailbox.put(this.#copy(countsOfCopy(this, options)), options.delaySeconds);
  }

  async reject(reason: RejectReason, attempts: number): Promise<void> {
    const { deadLetters = this.#mailbox } = this.#mailbox;
    const counts = { fence: this.fence, attempts, losses: this.losses, isSuspect: false };
    if (this.#letGo()) deadLetters.put({ body: this.body, counts, reason });
  }

  /** The letter as it comes back after its holder vanished. */
  letterAfterLoss(): Letter {
    const { fence, attempts, losses } = this;
    return this.#copy({ fence, attempts, losses: losses + 1, isSuspect: true });
  }

  loseLease(): void {
    this.#lost = true;
    this.#lease?.abort();
  }

  /** Dead letters go back as they came. */
  #copy(counts: CarriedCounts): Letter {
    return this.#mailbox.isOfDeadLetters ? this.#letter : { body: this.body, counts };
  }

  #letGo(): boolean {
    if (this.#lost) return false;
    if (!this.holder.reachable) {
      this.isRenewed = false;
      throw unavailable('queue_unavailable', 'The task queue is away.', undefined);
    }
    return this.#mailbox.letGo(this);
  }
}
