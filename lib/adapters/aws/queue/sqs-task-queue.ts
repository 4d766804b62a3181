import { GetQueueAttributesCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import {
  type Clock,
  type ConsumeOptions,
  flowOf,
  type QueueDepth,
  type QueuedMessage,
  type TaskConsumer,
  type TaskQueue,
} from '#core';
import { translated } from '../errors.ts';
import { deadLetterQueueName, taskQueueName } from '../resources.ts';
import { lateTaskConsumer } from './late-task-consumer.ts';
import { encodeBody, groupId } from './sqs-message.ts';

export interface SqsTaskQueueOptions {
  readonly client: SQSClient;
  readonly clock: Clock;
  /** URL of the queues, without the model name. */
  readonly queueUrlPrefix: string;
  readonly model: string;
  /** Long-poll time of a receive, in seconds. 0–20. */
  readonly pollSeconds: number;
  /**
   * Whether the stop signal aborts a receive. False for an emulator that delivers the next message to the closed
   * connection.
   */
  readonly abortsPolls: boolean;
}

/**
 * Tasks in an SQS standard queue, as base64. In `depth`, a task that waits for a retry counts as in flight, because SQS
 * does not distinguish the two.
 */
export class SqsTaskQueue implements TaskQueue {
  readonly #options: SqsTaskQueueOptions;
  readonly #queueUrl: string;
  readonly #deadLetterQueueUrl: string;

  constructor(options: SqsTaskQueueOptions) {
    this.#options = options;
    this.#queueUrl = taskQueueName(options.queueUrlPrefix, options.model);
    this.#deadLetterQueueUrl = deadLetterQueueName(options.queueUrlPrefix, options.model);
  }

  async send({ body, group, priority }: QueuedMessage): Promise<void> {
    const command = new SendMessageCommand({
      QueueUrl: this.#queueUrl,
      MessageBody: encodeBody(body),
      // Activates fair queues. A group does not order messages. A priority is a group of its own, so few urgent messages
      // overtake the backlog of their owner.
      MessageGroupId: groupId(flowOf(group, priority)),
    });
    await translated('queue_unavailable', () => this.#options.client.send(command));
  }

  async sendMany(messages: readonly QueuedMessage[]) {
    // Imported dynamically: the function that submits single tasks starts faster without it.
    const { sendMany } = await import('./send-many.ts');
    return sendMany(this.#options.client, this.#queueUrl, messages);
  }

  consume({ leaseSeconds, signal, observer, source = 'tasks' }: ConsumeOptions): TaskConsumer {
    const { client, clock, pollSeconds, abortsPolls } = this.#options;
    return lateTaskConsumer({
      client,
      clock,
      queueUrl: source === 'tasks' ? this.#queueUrl : this.#deadLetterQueueUrl,
      deadLetterQueueUrl: this.#deadLetterQueueUrl,
      source,
      leaseSeconds,
      pollSeconds,
      abortsPolls,
      signal,
      observer,
    });
  }

  async depth(): Promise<QueueDepth> {
    const [tasks, dead] = await Promise.all([this.#count(this.#queueUrl), this.#count(this.#deadLetterQueueUrl)]);
    return { ...tasks, deadLetters: dead.visible + dead.inFlight + dead.delayed };
  }

  async #count(queueUrl: string): Promise<Omit<QueueDepth, 'deadLetters'>> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    });
    const { Attributes = {} } = await translated('queue_unavailable', () => this.#options.client.send(command));
    return {
      visible: Number(Attributes.ApproximateNumberOfMessages ?? 0),
      inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    };
  }
}
