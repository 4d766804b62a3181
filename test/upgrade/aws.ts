import { type AttributeValue, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { type MessageAttributeValue, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { createDynamoDbClient, createS3Client, createSqsClient } from '#adapters/aws/index.ts';
import type { AwsSettings } from '#platform/aws.ts';

/** Rows of DynamoDB, messages of SQS and objects of S3. */
export interface AwsLeft {
  readonly rows: Readonly<Record<Table, readonly Record<string, AttributeValue>[]>>;
  readonly messages: readonly LeftMessage[];
  readonly objects: Readonly<Record<string, Uint8Array>>;
}

interface LeftMessage {
  /** The name without the prefix. */
  readonly queue: string;
  readonly body: string;
  readonly group: string | undefined;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
}

const TABLES = ['tasksTable', 'registryTable'] as const;
type Table = (typeof TABLES)[number];

export async function dumpAws(settings: AwsSettings, queues: readonly string[]): Promise<AwsLeft> {
  const { dynamodb, sqs, s3 } = await clientsOf(settings);
  const rows = { tasksTable: [], registryTable: [] } as Record<Table, Record<string, AttributeValue>[]>;
  for (const table of TABLES) {
    rows[table] = (await dynamodb.send(new ScanCommand({ TableName: settings[table] }))).Items ?? [];
  }
  const messages: LeftMessage[] = [];
  for (const queue of queues) {
    for (;;) {
      const receive = new ReceiveMessageCommand({
        QueueUrl: settings.queueUrlPrefix + queue,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 1,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      });
      const { Messages = [] } = await sqs.send(receive);
      if (Messages.length === 0) break;
      for (const { Body: body = '', MessageAttributes: attributes = {}, Attributes } of Messages) {
        messages.push({ queue, body, group: Attributes?.MessageGroupId, attributes });
      }
    }
  }
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: settings.blobBucket }));
  const objects: Record<string, Uint8Array> = {};
  for (const { Key = '' } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: settings.blobBucket, Key }));
    objects[Key] = (await Body?.transformToByteArray()) ?? new Uint8Array();
  }
  return { rows, messages, objects };
}

/** Writes it to tables, queues and a bucket that exist. */
export async function loadAws(settings: AwsSettings, { rows, messages, objects }: AwsLeft): Promise<void> {
  const { dynamodb, sqs, s3 } = await clientsOf(settings);
  for (const table of TABLES) {
    for (const Item of rows[table]) await dynamodb.send(new PutItemCommand({ TableName: settings[table], Item }));
  }
  for (const { queue, body, group, attributes } of messages) {
    const send = { MessageBody: body, MessageAttributes: attributes, ...(group ? { MessageGroupId: group } : {}) };
    await sqs.send(new SendMessageCommand({ QueueUrl: settings.queueUrlPrefix + queue, ...send }));
  }
  for (const [Key, Body] of Object.entries(objects)) {
    await s3.send(new PutObjectCommand({ Bucket: settings.blobBucket, Key, Body }));
  }
}

const clientsOf = async (settings: AwsSettings) => ({
  dynamodb: createDynamoDbClient(settings),
  sqs: createSqsClient(settings, 1),
  s3: await createS3Client(settings),
});
