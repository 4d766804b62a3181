import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { ReceivedKey } from '#core';
import { translated } from '../errors.ts';
import { webhookQueueName } from '../resources.ts';
import type { WebhookStoreOptions } from './dynamo-webhook-store.ts';

/** Messages of the queue of webhooks, for a process that is not a Lambda. */
export async function receiveWebhooks(
  { sqs, queueUrlPrefix, pollSeconds }: WebhookStoreOptions,
  signal: AbortSignal,
): Promise<readonly ReceivedKey[]> {
  const QueueUrl = webhookQueueName(queueUrlPrefix);
  const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: pollSeconds });
  const receive = () => sqs.send(command, { abortSignal: signal });
  const { Messages = [] } = await translated('queue_unavailable', receive);
  return Messages.map(({ Body = '', ReceiptHandle }) => ({
    key: Body,
    async done() {
      await translated('queue_unavailable', () => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })));
    },
  }));
}
