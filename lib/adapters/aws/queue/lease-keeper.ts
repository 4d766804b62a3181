import { ChangeMessageVisibilityBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type Clock, inBatches, type LeaseObserver } from '#core';
import { isLostReceipt } from '../errors.ts';

/** Maximum per call of SQS. */
const MAX_BATCH = 10;

/** A received message whose lease is renewed. */
export interface HeldMessage {
  readonly receiptHandle: string;
  /** Called once when the lease is lost. The message is not renewed any more. */
  loseLease(): void;
}

interface LeaseKeeperOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly leaseSeconds: number;
  readonly clock: Clock;
  readonly observer?: LeaseObserver | undefined;
}

/** Renews the leases of one consumer: one timer, and one call per ten messages. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #leaseMs: number;
  /** When each lease ends without a renewal, Unix milliseconds. */
  readonly #held = new Map<HeldMessage, number>();
  readonly #closed = new AbortController();
  #renewing: Promise<unknown> = Promise.resolve();

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseSeconds * 1000;
    void this.#run();
  }

  /** Starts renewing a received message. */
  hold(message: HeldMessage): void {
    this.#held.set(message, this.#options.clock.now() + this.#leaseMs);
  }

  /** Stops renewing a message. Returns false if its lease was lost. */
  remove(message: HeldMessage): boolean {
    return this.#held.delete(message);
  }

  /** Resolves when no renewal is pending. A pending one could undo a later change of the visibility. */
  async idle(): Promise<void> {
    await this.#renewing;
  }

  /** Stops renewing. Unsettled messages return at the end of their leases. */
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
    // A failed renewal is repeated at the next tick until the lease ends.
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
      // A slow call must not delay the next tick.
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
