import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { CarriedCounts, RejectReason } from '#core';
import { isLeaseLost, translated } from '../errors.ts';
import type { AckBatcher } from './ack-batcher.ts';
import type { SqsDelivery } from './sqs-delivery.ts';
import { countAttributes, deadLetterAttributes, encodeBody } from './sqs-message.ts';

interface SqsSettlementOptions {
  readonly client: SQSClient;
  readonly acks: AckBatcher;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** Tells SQS what becomes of the deliveries of one consumer. Every method rejects with `queue_unavailable`. */
export class SqsSettlement {
  readonly #options: SqsSettlementOptions;

  constructor(options: SqsSettlementOptions) {
    this.#options = options;
  }

  delete({ receiptHandle }: SqsDelivery): Promise<void> {
    return this.#options.acks.add(receiptHandle);
  }

  /** Makes the message visible again after so many seconds. */
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

  /** Sends a copy of the message with these counts. */
  sendBack(delivery: SqsDelivery, counts: CarriedCounts, delaySeconds: number): Promise<void> {
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
