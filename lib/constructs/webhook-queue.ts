import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { WEBHOOK_QUEUE, webhookQueueName } from '#adapters/aws/resources.ts';
import { acknowledge } from './acknowledge.ts';
import type { Consumer } from './handler-function.ts';

/** The queue of webhooks: encrypted, TLS only. The sender consumes it. */
export class WebhookQueue extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string, { prefix }: { readonly prefix: string }) {
    super(scope, id);
    this.queue = new Queue(this, 'Due', {
      queueName: webhookQueueName(prefix),
      visibilityTimeout: Duration.seconds(WEBHOOK_QUEUE.visibilitySeconds),
      retentionPeriod: Duration.seconds(WEBHOOK_QUEUE.retentionSeconds),
      receiveMessageWaitTime: Duration.seconds(WEBHOOK_QUEUE.waitSeconds),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    });
    const reason = 'Messages are pointers to rows, and are repeated until their webhook is delivered or given up.';
    acknowledge(this.queue, { 'AwsSolutions-SQS3': reason, 'Serverless-SQSRedrivePolicy': reason });
  }

  grantWake({ grantPrincipal }: Consumer): void {
    grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] }),
    );
  }
}
