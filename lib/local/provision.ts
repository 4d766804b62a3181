import { CreateTableCommand, type DynamoDBClient, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import {
  CALLS_TABLE,
  createDynamoDbClient,
  createS3Client,
  createSqsClient,
  DEAD_LETTER_QUEUE,
  deadLetterQueueName,
  type IndexDefinition,
  type KeyDefinition,
  REGISTRY_TABLE,
  TASK_QUEUE,
  TASKS_TABLE,
  type TableDefinition,
  taskQueueName,
  USERS_TABLE,
  WEBHOOK_QUEUE,
  webhookQueueName,
} from '#adapters/aws/index.ts';
import type { AwsSettings } from '#platform/aws.ts';
import type { Emulators } from './emulators.ts';

const PREFIX = 'modelyard-';
const ACCOUNT = '000000000000';
/** Short, because the emulator keeps the poll of a killed receiver open until its end. */
const POLL_SECONDS = 1;

/** Of the lifecycle. */
export const ARTIFACT_BUCKET = `${PREFIX}artifacts`;

export const taskQueueOf = (model: string): string => taskQueueName(PREFIX, model);

/** Settings of the AWS platform on emulators. */
export const localAwsSettings = ({ endpoints }: Pick<Emulators, 'endpoints'>): AwsSettings => ({
  tasksTable: `${PREFIX}tasks`,
  registryTable: `${PREFIX}registry`,
  usersTable: `${PREFIX}users`,
  callsTable: `${PREFIX}calls`,
  blobBucket: `${PREFIX}blobs`,
  queueUrlPrefix: `${endpoints.sqs}/${ACCOUNT}/${PREFIX}`,
  pollSeconds: POLL_SECONDS,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  endpoints,
});

/**
 * Creates the resources of the stack in the emulators, from the same definitions. Existing ones are kept. Rows do not
 * expire, because the emulator has no TTL.
 */
export async function provision(settings: AwsSettings, models: readonly string[]): Promise<void> {
  const sqs = createSqsClient(settings, POLL_SECONDS);
  const dynamodb = createDynamoDbClient(settings);
  const s3 = await createS3Client(settings);
  const { CreateBucketCommand } = await import('@aws-sdk/client-s3');
  try {
    await Promise.all([
      createTable(dynamodb, settings.tasksTable, TASKS_TABLE),
      createTable(dynamodb, settings.registryTable, REGISTRY_TABLE),
      createTable(dynamodb, settings.usersTable, USERS_TABLE),
      createTable(dynamodb, settings.callsTable, CALLS_TABLE),
      ...[settings.blobBucket, ARTIFACT_BUCKET].map((Bucket) => s3.send(new CreateBucketCommand({ Bucket }))),
      createWebhookQueue(sqs),
      ...models.map((model) => createQueues(sqs, model)),
    ]);
  } finally {
    for (const client of [sqs, dynamodb, s3]) client.destroy();
  }
}

async function createTable(client: DynamoDBClient, name: string, table: TableDefinition): Promise<void> {
  const keys = [table, ...table.indexes].flatMap(keysOf);
  const command = new CreateTableCommand({
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: keySchema(table),
    AttributeDefinitions: [...new Map(keys.map((key) => [key.name, key])).values()].map((key) => ({
      AttributeName: key.name,
      AttributeType: key.type,
    })),
    ...(table.indexes.length === 0 ? {} : { GlobalSecondaryIndexes: table.indexes.map(secondaryIndex) }),
  });
  try {
    await client.send(command);
  } catch (error) {
    // An earlier call has created it.
    if (!(error instanceof ResourceInUseException)) throw error;
  }
}

const secondaryIndex = (index: IndexDefinition) => ({
  IndexName: index.name,
  KeySchema: keySchema(index),
  Projection:
    index.include.length === 0
      ? { ProjectionType: 'KEYS_ONLY' as const }
      : { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: [...index.include] },
});

const keySchema = (table: TableDefinition | IndexDefinition) =>
  keysOf(table).map(({ name }, index) => ({
    AttributeName: name,
    KeyType: index === 0 ? ('HASH' as const) : ('RANGE' as const),
  }));

const keysOf = ({ partitionKey, sortKey }: TableDefinition | IndexDefinition): readonly KeyDefinition[] =>
  sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];

async function createQueues(client: SQSClient, model: string): Promise<void> {
  const deadLetters = await client.send(
    new CreateQueueCommand({
      QueueName: deadLetterQueueName(PREFIX, model),
      Attributes: attributesOf(DEAD_LETTER_QUEUE),
    }),
  );
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetters.QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const redrive = { deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: TASK_QUEUE.maxReceives };
  await client.send(
    new CreateQueueCommand({
      QueueName: taskQueueName(PREFIX, model),
      Attributes: { ...attributesOf(TASK_QUEUE), RedrivePolicy: JSON.stringify(redrive) },
    }),
  );
}

const createWebhookQueue = (client: SQSClient) =>
  client.send(new CreateQueueCommand({ QueueName: webhookQueueName(PREFIX), Attributes: attributesOf(WEBHOOK_QUEUE) }));

const attributesOf = (queue: typeof TASK_QUEUE | typeof DEAD_LETTER_QUEUE | typeof WEBHOOK_QUEUE) => ({
  VisibilityTimeout: String(queue.visibilitySeconds),
  MessageRetentionPeriod: String(queue.retentionSeconds),
  ReceiveMessageWaitTimeSeconds: String(queue.waitSeconds),
});
