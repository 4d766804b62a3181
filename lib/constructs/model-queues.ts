import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DEAD_LETTER_QUEUE, deadLetterQueueName, TASK_QUEUE, taskQueueName } from '#adapters/aws/resources.ts';
import { acknowledge } from './acknowledge.ts';
import type { Consumer } from './handler-function.ts';

export interface ModelQueuesProps {
  /** First part of all queue names. */
  readonly prefix: string;
  readonly model: string;
}

/** Permissions of functions on the queues of a model. */
export interface ModelQueueGrants {
  grantSend(consumer: Consumer): void;
  grantMeasure(consumer: Consumer): void;
  /** For an event source of another stack; an event source of this stack gives it itself. */
  grantTakeDeadLetters?(consumer: Consumer): void;
}

/** The task queue of one model and its dead-letter queue: encrypted, TLS only, long polling. */
export class ModelQueues extends Construct implements ModelQueueGrants {
  readonly tasks: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { prefix, model }: ModelQueuesProps) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      queueName: deadLetterQueueName(prefix, model),
      ...settingsOf(DEAD_LETTER_QUEUE),
    });
    acknowledge(this.deadLetters, {
      'Serverless-SQSRedrivePolicy': 'It is where messages end: a dead-letter queue has no dead letters of its own.',
    });
    this.tasks = new Queue(this, 'Tasks', {
      queueName: taskQueueName(prefix, model),
      ...settingsOf(TASK_QUEUE),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: TASK_QUEUE.maxReceives },
    });
  }

  grantSend(consumer: Consumer): void {
    this.#allow(consumer, this.tasks, ['sqs:SendMessage']);
  }

  grantMeasure(consumer: Consumer): void {
    for (const queue of [this.tasks, this.deadLetters]) this.#allow(consumer, queue, ['sqs:GetQueueAttributes']);
  }

  /** Everything that an instance does with its queues. */
  grantWork(consumer: Consumer): void {
    const receive = ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage'] as const;
    this.#allow(consumer, this.tasks, [...receive, 'sqs:SendMessage', 'sqs:GetQueueAttributes']);
    this.#allow(consumer, this.deadLetters, ['sqs:SendMessage', 'sqs:GetQueueAttributes']);
  }

  #allow({ grantPrincipal }: Consumer, queue: Queue, actions: readonly `sqs:${string}`[]): void {
    grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [...actions], resources: [queue.queueArn] }));
  }
}

const settingsOf = (settings: typeof TASK_QUEUE | typeof DEAD_LETTER_QUEUE): QueueProps => ({
  visibilityTimeout: Duration.seconds(settings.visibilitySeconds),
  retentionPeriod: Duration.seconds(settings.retentionSeconds),
  receiveMessageWaitTime: Duration.seconds(settings.waitSeconds),
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
});

/** The URL of all queues of a stage, up to the part that `taskQueueName` adds. */
export function queueUrlPrefix(scope: Construct, prefix: string): string {
  const { region, urlSuffix, account } = Stack.of(scope);
  return `https://sqs.${region}.${urlSuffix}/${account}/${prefix}`;
}
