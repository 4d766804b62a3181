import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import {
  type CarriedCounts,
  countsOfCopy,
  type Delivery,
  type RejectReason,
  type ReleaseOptions,
  type RetryOptions,
} from '#core';
import { isLeaseLost, translated } from '../errors.ts';
import type { AckBatcher } from './ack-batcher.ts';
import type { HeldMessage, LeaseKeeper } from './lease-keeper.ts';
import { countAttributes, deadLetterAttributes, encodeBody, type MessageFacts } from './sqs-message.ts';

interface SqsDeliveryOptions extends MessageFacts {
  readonly receiptHandle: string;
  readonly body: Uint8Array;
  /** Absent if the emulator does not return it. */
  readonly group: string | undefined;
  readonly source: 'tasks' | 'dead-letters';
}

export class SqsDelivery implements Delivery, HeldMessage {
  readonly body: Uint8Array;
  readonly fence: number;
  readonly attempts: number;
  readonly losses: number;
  readonly isSuspect: boolean;
  readonly reason?: RejectReason;
  readonly receiptHandle: string;
  readonly group: string | undefined;
  readonly #source: 'tasks' | 'dead-letters';
  readonly #keeper: LeaseKeeper;
  readonly #settlement: SqsSettlement;
  readonly #lease = new AbortController();

  constructor(options: SqsDeliveryOptions, keeper: LeaseKeeper, settlement: SqsSettlement) {
    this.body = options.body;
    this.fence = options.fence;
    this.attempts = options.attempts;
    this.losses = options.losses;
    this.isSuspect = options.isSuspect;
    if (options.reason !== undefined) this.reason = options.reason;
    this.receiptHandle = options.receiptHandle;
    this.group = options.group;
    this.#source = options.source;
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
    if (this.#keeper.remove(this)) await this.#settlement.delete(this);
  }

  retry(next: RetryOptions): Promise<void> {
    return this.#sendCopy(next);
  }

  release(options: ReleaseOptions = {}): Promise<void> {
    return this.#sendCopy(options);
  }

  async reject(reason: RejectReason, attempts: number): Promise<void> {
    if (!this.#keeper.remove(this)) return;
    await this.#settlement.sendToDeadLetters(this, reason, attempts);
    await this.#settlement.delete(this);
  }

  async #sendCopy(next: RetryOptions | ReleaseOptions): Promise<void> {
    if (!this.#keeper.remove(this)) return;
    const { delaySeconds = 0 } = next;
    if (this.#source === 'dead-letters') {
      // Dead letters have no counts to change, so the message itself becomes visible again.
      await this.#keeper.idle();
      await this.#settlement.hide(this, delaySeconds);
      return;
    }
    // Sends the copy first: a duplicate is better than a lost message.
    await this.#settlement.sendCopy(this, countsOfCopy(this, next), delaySeconds);
    await this.#settlement.delete(this);
  }
}

interface SqsSettlementOptions {
  readonly client: SQSClient;
  readonly acks: AckBatcher;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** Settles the deliveries of one consumer. All methods reject with `queue_unavailable`. */
export class SqsSettlement {
  readonly #options: SqsSettlementOptions;

  constructor(options: SqsSettlementOptions) {
    this.#options = options;
  }

  delete({ receiptHandle }: SqsDelivery): Promise<void> {
    return this.#options.acks.add(receiptHandle);
  }

  /** Makes the message visible again after `seconds`. */
  async hide({ receiptHandle }: SqsDelivery, seconds: number): Promise<void> {
    const { client, queueUrl } = this.#options;
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: queueUrl,
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: seconds,
    });
    await translated('queue_unavailable', async () => {
      try {
        await client.send(command);
      } catch (error) {
        // The lease has ended, so the message is visible already.
        if (!isLeaseLost(error)) throw error;
      }
    });
  }

  sendCopy(delivery: SqsDelivery, counts: CarriedCounts, delaySeconds: number): Promise<void> {
    const command = new SendMessageCommand({
      ...copyOf(delivery),
      QueueUrl: this.#options.queueUrl,
      DelaySeconds: delaySeconds,
      MessageAttributes: countAttributes(counts),
    });
    return this.#send(command);
  }

  sendToDeadLetters(delivery: SqsDelivery, reason: RejectReason, attempts: number): Promise<void> {
    const counts = { fence: delivery.fence, attempts, losses: delivery.losses, isSuspect: false };
    const command = new SendMessageCommand({
      ...copyOf(delivery),
      QueueUrl: this.#options.deadLetterQueueUrl,
      MessageAttributes: deadLetterAttributes(counts, reason),
    });
    return this.#send(command);
  }

  async #send(command: SendMessageCommand): Promise<void> {
    await translated('queue_unavailable', () => this.#options.client.send(command));
  }
}

const copyOf = ({ body, group }: SqsDelivery) => ({
  MessageBody: encodeBody(body),
  ...(group === undefined ? {} : { MessageGroupId: group }),
});
