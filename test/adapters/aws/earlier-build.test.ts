import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { onTestFinished } from 'vitest';
import { createDynamoDbClient, createSqsClient } from '#adapters/aws/index.ts';
import { startEmulators } from '#local/emulators.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import { createFullAwsPlatform } from '#platform/aws-full.ts';
import {
  type EarlierBroker,
  earlierCopiesContract,
  earlierMessagesContract,
} from '#test/contracts/earlier-build.contract.ts';
import { dynamoItem, MODEL } from '#test/fixtures/earlier-build.ts';

const text = (value: string) => ({ DataType: 'String', StringValue: value });

/** On emulators of its own, because every message is for the same task. */
async function open(): Promise<EarlierBroker> {
  const emulators = await startEmulators();
  const settings = localAwsSettings(emulators);
  await provision(settings, [MODEL]);
  const platform = createFullAwsPlatform({ ...settings, pollSeconds: 1 });
  const sqs = createSqsClient(settings, 1);
  const dynamodb = createDynamoDbClient(settings);
  onTestFinished(async () => {
    await platform.close();
    for (const client of [sqs, dynamodb]) client.destroy();
    await emulators.close();
  });
  const queue = (kind: string) => `${settings.queueUrlPrefix}model-b-${kind}`;
  const bodyOf = (body: Uint8Array) => ({ MessageBody: Buffer.from(body).toString('base64'), MessageGroupId: 'local' });
  return {
    platform,
    async keep(state) {
      await dynamodb.send(new PutItemCommand({ TableName: settings.tasksTable, Item: dynamoItem(state) }));
    },
    async send(body) {
      await sqs.send(new SendMessageCommand({ QueueUrl: queue('tasks'), ...bodyOf(body) }));
    },
    async sendCopy({ body, attempts, reason }) {
      const MessageAttributes = {
        Attempts: { DataType: 'Number', StringValue: String(attempts) },
        ...(reason ? { ReasonCode: text(reason.code), ReasonMessage: text(reason.message) } : {}),
      };
      await sqs.send(
        new SendMessageCommand({
          QueueUrl: queue(reason ? 'dead-letters' : 'tasks'),
          ...bodyOf(body),
          MessageAttributes,
        }),
      );
    },
  };
}

earlierMessagesContract('AWS', open);
earlierCopiesContract('AWS', open);
