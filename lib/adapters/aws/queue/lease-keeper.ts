import { ChangeMessageVisibilityBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type Clock, inBatches, type LeaseObserver } from '#core';
import { isLostReceipt } from '../errors.ts';

/** What SQS takes in one call. */
const MAX_BATCH = 10;

/** A received message whose lease is to be renewed. */
export interface HeldMessage {
  readonly receiptHandle: string;
  /** Called once when the lease is lost; the message is no longer held then. */
  loseLease(): void;
}

interface LeaseKeeperOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly leaseSeconds: number;
  readonly clock: Clock;
  readonly observer?: LeaseObserver | undefined;
}

/** Renews the leases of everything that one consumer holds: one timer, one call for ten messages. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #leaseMs: number;
  /** Unix milliseconds at which each lease ends unless it is renewed. */
  readonly #held = new Map<HeldMessage, number>();
  readonly #closed = new AbortController();
  #renewing: Promise<unknown> = Promise.resolve();

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseSeconds * 1000;
    void this.#run();
  }

  /** From now on, for a message that has just been received. */
  hold(message: HeldMessage): void {
    this.#held.set(message, this.#options.clock.now() + this.#leaseMs);
  }

  /** No longer; false when its lease was lost before. */
  letGo(message: HeldMessage): boolean {
    return this.#held.delete(message);
  }

  /** Resolves when no renewal is on its way: one that is could undo a change of the same message's visibility. */
  async quiet(): Promise<void> {
    await this.#renewing;
  }

  /** Stops renewing; what is still held comes back when its lease ends. */
  close(): void {
    this.#closed.abort();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closed;
    const intervalMs = this.#leaseMs / 3;
    let renewAt = clock.now() + intervalMs;
    while (!signal.aborted) {
      await clock.sleep(Math.max(0, Math.min(renewAt, ...this.#held.values()) - clock.now()), signal);
      if (signal.aborted) return;
      const now = clock.now();
      for (const [message, endsAt] of this.#held) if (endsAt <= now) this.#lose(message);
      if (now < renewAt) continue;
      renewAt = now + intervalMs;
      this.#renewing = this.#renewAll();
    }
  }

  async #renewAll(): Promise<void> {
    const batches = inBatches([...this.#held.keys()], MAX_BATCH);
    // A renewal that could not be sent is tried again on the next tick, until the lease is over.
    await Promise.allSettled(batches.map((batch) => this.#renew(batch)));
  }

  async #renew(batch: readonly HeldMessage[]): Promise<void> {
    const { client, queueUrl, leaseSeconds, clock, observer } = this.#options;
    const endsAt = clock.now() + this.#leaseMs;
    const { Successful = [], Failed = [] } = await client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queueUrl,
        Entries: batch.map(({ receiptHandle }, index) => ({
          Id: String(index),
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: leaseSeconds,
        })),
      }),
      // A call that outlasts its tick must not hold up the next one.
      { abortSignal: AbortSignal.timeout(Math.ceil(this.#leaseMs / 3)) },
    );
    const renewed = Successful.map(({ Id }) => batch[Number(Id)]).filter(
      (message) => message !== undefined && this.#held.has(message),
    );
    for (const message of renewed) if (message) this.#held.set(message, endsAt);
    observer?.leasesRenewed(renewed.length);
    for (const { Id, Code } of Failed) {
      const message = batch[Number(Id)];
      if (message !== undefined && isLostReceipt(Code)) this.#lose(message);
    }
  }

  #lose(message: HeldMessage): void {
    if (!this.#held.delete(message)) return;
    message.loseLease();
    this.#options.observer?.leaseLost();
  }
}
