import { type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clock, Delivery, LeaseObserver, TaskConsumer } from '#core';
import { translated } from '../errors.ts';
import { AckBatcher } from './ack-batcher.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { SqsDelivery, SqsSettlement } from './sqs-delivery.ts';
import { decodeBody, RECEIVED_ATTRIBUTES, readDeadLetter, readTask } from './sqs-message.ts';

/** Maximum per call of SQS. */
const MAX_RECEIVE = 10;

export interface SqsTaskConsumerOptions {
  readonly client: SQSClient;
  readonly clock: Clock;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly source: 'tasks' | 'dead-letters';
  readonly leaseSeconds: number;
  readonly pollSeconds: number;
  /** Whether the stop signal aborts a waiting receive. */
  readonly abortsPolls: boolean;
  readonly signal: AbortSignal;
  readonly observer?: LeaseObserver | undefined;
}

export class SqsTaskConsumer implements TaskConsumer {
  readonly #options: SqsTaskConsumerOptions;
  readonly #keeper: LeaseKeeper;
  readonly #acks: AckBatcher;
  readonly #settlement: SqsSettlement;
  #receiving: Promise<unknown> = Promise.resolve();

  constructor(options: SqsTaskConsumerOptions) {
    const { client, queueUrl, clock } = options;
    this.#options = options;
    this.#keeper = new LeaseKeeper(options);
    this.#acks = new AckBatcher(client, queueUrl, clock);
    this.#settlement = new SqsSettlement({ ...options, acks: this.#acks });
  }

  receive(max: number): Promise<readonly Delivery[]> {
    const receiving = this.#receive(max);
    this.#receiving = receiving.catch(() => undefined);
    return receiving;
  }

  async close(): Promise<void> {
    await this.#receiving;
    await this.#acks.drain();
    this.#keeper.close();
  }

  async #receive(max: number): Promise<readonly Delivery[]> {
    const { client, queueUrl, leaseSeconds, pollSeconds, abortsPolls, signal } = this.#options;
    if (signal.aborted) return [];
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: Math.min(max, MAX_RECEIVE),
      WaitTimeSeconds: pollSeconds,
      VisibilityTimeout: leaseSeconds,
      MessageSystemAttributeNames: [...RECEIVED_ATTRIBUTES.MessageSystemAttributeNames],
      MessageAttributeNames: [...RECEIVED_ATTRIBUTES.MessageAttributeNames],
    });
    // A message that SQS sends to the closed connection stays hidden for one lease. It is then delivered as a suspect,
    // without a charge.
    const options = abortsPolls ? { abortSignal: signal } : {};
    try {
      const { Messages = [] } = await translated('queue_unavailable', () => client.send(command, options));
      const deliveries = Messages.map((message) => this.#toDelivery(message));
      if (!this.#options.signal.aborted) return deliveries;
      await this.#release(deliveries);
    } catch (error) {
      if (!this.#options.signal.aborted) throw error;
    }
    return [];
  }

  /** A message that cannot be released returns at the end of its lease. */
  async #release(deliveries: readonly Delivery[]): Promise<void> {
    await Promise.allSettled(deliveries.map((delivery) => delivery.release({ keepFence: true })));
  }

  #toDelivery(message: Message): SqsDelivery {
    const { source } = this.#options;
    const options = {
      ...(source === 'tasks' ? readTask(message) : readDeadLetter(message)),
      receiptHandle: message.ReceiptHandle ?? '',
      body: decodeBody(message.Body),
      group: message.Attributes?.MessageGroupId,
      source,
    };
    return new SqsDelivery(options, this.#keeper, this.#settlement);
  }
}
