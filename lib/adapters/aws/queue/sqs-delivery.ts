import type { Delivery, RejectReason } from '#core';
import type { HeldMessage, LeaseKeeper } from './lease-keeper.ts';
import type { MessageFacts } from './sqs-message.ts';
import type { SqsSettlement } from './sqs-settlement.ts';

interface SqsDeliveryOptions extends MessageFacts {
  readonly receiptHandle: string;
  readonly body: Uint8Array;
  /** Absent where the emulator does not tell. */
  readonly group: string | undefined;
  /** Dead letters do not count their deliveries, so hiding one is giving it back. */
  readonly countsDeliveries: boolean;
}

/** A received SQS message under a lease. */
export class SqsDelivery implements Delivery, HeldMessage {
  readonly body: Uint8Array;
  readonly attempt: number;
  readonly reason?: RejectReason;
  readonly receiptHandle: string;
  readonly group: string | undefined;
  readonly #countsDeliveries: boolean;
  readonly #keeper: LeaseKeeper;
  readonly #settlement: SqsSettlement;
  readonly #lease = new AbortController();

  constructor(options: SqsDeliveryOptions, keeper: LeaseKeeper, settlement: SqsSettlement) {
    this.body = options.body;
    this.attempt = options.attempt;
    if (options.reason !== undefined) this.reason = options.reason;
    this.receiptHandle = options.receiptHandle;
    this.group = options.group;
    this.#countsDeliveries = options.countsDeliveries;
    this.#keeper = keeper;
    this.#settlement = settlement;
    keeper.hold(this);
  }

  get lease(): AbortSignal {
    return this.#lease.signal;
  }

  loseLease(): void {
    this.#lease.abort();
  }

  async ack(): Promise<void> {
    if (this.#keeper.letGo(this)) await this.#settlement.delete(this);
  }

  async retry(delaySeconds = 0): Promise<void> {
    if (!this.#keeper.letGo(this)) return;
    await this.#keeper.quiet();
    await this.#settlement.hide(this, delaySeconds);
  }

  async release(delaySeconds = 0): Promise<void> {
    if (!this.#countsDeliveries) return this.retry(delaySeconds);
    if (!this.#keeper.letGo(this)) return;
    // The copy first: losing the message would be worse than having it twice.
    await this.#settlement.sendBack(this, delaySeconds);
    await this.#settlement.delete(this);
  }

  async reject(reason: RejectReason): Promise<void> {
    if (!this.#keeper.letGo(this)) return;
    await this.#settlement.sendToDeadLetters(this, reason);
    await this.#settlement.delete(this);
  }
}
