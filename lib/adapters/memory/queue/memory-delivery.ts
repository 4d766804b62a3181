import { type Delivery, type RejectReason, unavailable } from '#core';
import type { Holder, Letter, Mailbox } from './mailbox.ts';

/** A letter in somebody's hands. */
export class MemoryDelivery implements Delivery {
  readonly body: Uint8Array;
  readonly attempt: number;
  readonly reason?: RejectReason;
  readonly holder: Holder;
  /** Unix milliseconds. */
  leaseEndsAt: number;
  readonly #mailbox: Mailbox;
  #lease: AbortController | undefined;
  #lost = false;

  constructor(mailbox: Mailbox, holder: Holder, letter: Letter, leaseEndsAt: number) {
    this.#mailbox = mailbox;
    this.holder = holder;
    this.leaseEndsAt = leaseEndsAt;
    this.body = letter.body;
    // Dead letters are past their last attempt: handling them is not another one.
    this.attempt = mailbox.deadLetters === undefined ? letter.attempts : letter.attempts + 1;
    if (letter.reason !== undefined) this.reason = letter.reason;
  }

  /** Made when asked for: most deliveries are settled without anybody listening. */
  get lease(): AbortSignal {
    this.#lease ??= new AbortController();
    if (this.#lost) this.#lease.abort();
    return this.#lease.signal;
  }

  async ack(): Promise<void> {
    this.#letGo();
  }

  async retry(delaySeconds = 0): Promise<void> {
    if (this.#letGo()) this.#mailbox.put(this.letterAfter(this.attempt), delaySeconds);
  }

  async release(delaySeconds = 0): Promise<void> {
    if (this.#letGo()) this.#mailbox.put(this.letterAfter(this.attempt - 1), delaySeconds);
  }

  async reject(reason: RejectReason): Promise<void> {
    const { deadLetters = this.#mailbox } = this.#mailbox;
    if (this.#letGo()) deadLetters.put({ body: this.body, attempts: this.attempt, reason });
  }

  /** The letter as it goes back to its own mailbox. */
  letterAfter(attempts: number): Letter {
    if (this.#mailbox.deadLetters !== undefined) return { body: this.body, attempts };
    const { body, attempt, reason } = this;
    return { body, attempts: attempt, ...(reason === undefined ? {} : { reason }) };
  }

  loseLease(): void {
    this.#lost = true;
    this.#lease?.abort();
  }

  #letGo(): boolean {
    if (this.#lost) return false;
    if (!this.holder.reachable) throw unavailable('queue_unavailable', 'The task queue is away.', undefined);
    return this.#mailbox.letGo(this);
  }
}
