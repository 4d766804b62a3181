import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { RejectReason } from '#core';
import { isLeaseLost, translated } from '../errors.ts';
import type { AckBatcher } from './ack-batcher.ts';
import type { SqsDelivery } from './sqs-delivery.ts';
import { attemptsAttribute, deadLetterAttributes, encodeBody } from './sqs-message.ts';

interface SqsSettlementOptions {
  readonly client: SQSClient;
  readonly acks: AckBatcher;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** What SQS is told about the deliveries of one consumer. Everything rejects with `queue_unavailable`. */
export class SqsSettlement {
  readonly #options: SqsSettlementOptions;

  constructor(options: SqsSettlementOptions) {
    this.#options = options;
  }

  delete({ receiptHandle }: SqsDelivery): Promise<void> {
    return this.#options.acks.add(receiptHandle);
  }

  /** The delivery's message becomes visible after so many seconds, its next delivery one attempt later. */
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
        // It is back in the queue already, which is what was asked.
        if (!isLeaseLost(error)) throw error;
      }
    });
  }

  /** Sends a copy that goes on counting where the message is, so that no attempt is spent. */
  sendBack(delivery: SqsDelivery, delaySeconds: number): Promise<void> {
    const command = new SendMessageCommand({
      ...copyOf(delivery),
      QueueUrl: this.#options.queueUrl,
      DelaySeconds: delaySeconds,
      MessageAttributes: attemptsAttribute(delivery.attempt - 1),
    });
    return this.#send(command);
  }

  sendToDeadLetters(delivery: SqsDelivery, reason: RejectReason): Promise<void> {
    const command = new SendMessageCommand({
      ...copyOf(delivery),
      QueueUrl: this.#options.deadLetterQueueUrl,
      MessageAttributes: deadLetterAttributes(delivery.attempt, reason),
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
