import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, type DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import {
  BY_OWNER_INDEX,
  createDynamoDbClient,
  createS3Client,
  createSecretKeys,
  createSecretsClient,
  createSqsClient,
  DynamoUserStore,
} from '#adapters/aws/index.ts';
import { ModelyardError } from '#core';
import { createFullAwsPlatform } from './aws-full.ts';
import { type FullPlatform, systemClock } from './platform.ts';

/**
 * Opens the users of a stage on AWS by the outputs of its stack, with the credentials and the region of the
 * environment. Rejects with one sentence when there is no such stage.
 */
export async function openStageUsers(stage: string): Promise<Pick<FullPlatform, 'users' | 'clock' | 'close'>> {
  const { UsersTable: table } = await outputsOf(`modelyard-${stage}`);
  if (table === undefined) throw new ModelyardError('internal', `The stage ${stage} keeps no users.`);
  const client = createDynamoDbClient({});
  return { users: new DynamoUserStore({ client, table }), clock: systemClock, close: async () => client.destroy() };
}

/**
 * Opens what a stage stores by the names that the stack gives to tables, bucket and queues. Rejects with one sentence
 * when one is missing.
 */
export async function openStageData(stage: string): Promise<FullPlatform> {
  const [dynamodb, s3, sqs] = [createDynamoDbClient({}), await createS3Client({}), createSqsClient({}, 0)];
  try {
    // CloudFormation adds suffixes.
    const start = `modelyard-${stage}-Data`;
    const { TableNames = [] } = await dynamodb.send(
      new ListTablesCommand({ ExclusiveStartTableName: start, Limit: MAX_TABLES }),
    );
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({ Prefix: `modelyard-${stage}-datablobs` }));
    const named = (name: string): string => {
      const found = TableNames.find((table) => table.startsWith(`${start}${name}`));
      if (found === undefined) throw new ModelyardError('internal', `The stage ${stage} has no table of ${name}.`);
      return found;
    };
    const blobBucket = Buckets[0]?.Name;
    if (blobBucket === undefined) throw new ModelyardError('internal', `The stage ${stage} has no bucket.`);
    const queues = `modelyard-${stage}-`;
    const { QueueUrls: [queue] = [] } = await sqs.send(
      new ListQueuesCommand({ QueueNamePrefix: queues, MaxResults: 1 }),
    );
    if (queue === undefined) throw new ModelyardError('internal', `The stage ${stage} has no queues.`);
    const tasksTable = named('Tasks');
    return createFullAwsPlatform({
      ...{ usersTable: named('Users'), callsTable: named('Calls'), tasksTable },
      ...{
        listsTasks: await hasIndexByOwner(dynamodb, tasksTable),
        registryTable: named('Registry'),
        blobBucket,
        queueUrlPrefix: `${queue.slice(0, queue.lastIndexOf('/'))}/${queues}`,
      },
    });
  } finally {
    dynamodb.destroy();
    s3.destroy();
    sqs.destroy();
  }
}

const MAX_TABLES = 20;

/** Stages with `listsTasks: false` have none. */
async function hasIndexByOwner(client: DynamoDBClient, table: string): Promise<boolean> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
  return (Table?.GlobalSecondaryIndexes ?? []).some(({ IndexName }) => IndexName === BY_OWNER_INDEX.name);
}

/** Adds a signing key to a stage. Resolves with the secret. Rejects where another issuer signs the tokens. */
export async function rotateStageKeys(stage: string): Promise<string> {
  const { SigningKeys: secret } = await outputsOf(`modelyard-${stage}`);
  if (secret === undefined) throw new ModelyardError('internal', `The stage ${stage} signs no tokens itself.`);
  const client = createSecretsClient({});
  try {
    await createSecretKeys({ client, secret }).rotate(systemClock.now());
    return secret;
  } finally {
    client.destroy();
  }
}

async function outputsOf(stack: string): Promise<Readonly<Record<string, string | undefined>>> {
  const client = new CloudFormationClient({});
  try {
    const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return Object.fromEntries(
      (found?.Outputs ?? []).map(({ OutputKey = '', OutputValue }) => [OutputKey, OutputValue]),
    );
  } catch (cause) {
    if (!(cause instanceof Error && cause.name === 'ValidationError')) throw cause;
    throw new ModelyardError('internal', `This account has no stack ${stack} in this region.`, { cause });
  } finally {
    client.destroy();
  }
}
