import { GetQueueAttributesCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clock, ConsumeOptions, QueueDepth, TaskConsumer, TaskQueue } from '#core';
import { translated } from '../errors.ts';
import { deadLetterQueueName, taskQueueName } from '../resources.ts';
import { lateTaskConsumer } from './late-task-consumer.ts';
import { encodeBody, groupId } from './sqs-message.ts';

export interface SqsTaskQueueOptions {
  readonly client: SQSClient;
  readonly clock: Clock;
  /** URL of the queues up to the model's name. */
  readonly queueUrlPrefix: string;
  readonly model: string;
  /** How long an empty receive waits at SQS. 0–20. */
  readonly pollSeconds: number;
  /**
   * Whether a consumer that is told to stop ends its receive at once. Off for an emulator that hands the next message
   * to the closed connection, however much later it is sent.
   */
  readonly abortsPolls: boolean;
}

/**
 * Tasks in an SQS standard queue, base64 in the body. A task that waits for its retry counts as in flight
 * in `depth`: SQS cannot tell the two apart.
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

  async send({ body, group }: { readonly body: Uint8Array; readonly group: string }): Promise<void> {
    const command = new SendMessageCommand({
      QueueUrl: this.#queueUrl,
      MessageBody: encodeBody(body),
      // On a standard queue the group makes receives fair between owners; it orders nothing.
      MessageGroupId: groupId(group),
    });
    await translated('queue_unavailable', () => this.#options.client.send(command));
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
