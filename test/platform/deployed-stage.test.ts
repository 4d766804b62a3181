import { CreateTableCommand, type KeyType, type ScalarAttributeType } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createDynamoDbClient, createS3Client, createSqsClient } from '#adapters/aws/index.ts';
import {
  CALLS_TABLE,
  REGISTRY_TABLE,
  TASKS_TABLE,
  type TableDefinition,
  USERS_TABLE,
} from '#adapters/aws/resources.ts';
import { eraseUser, tasksOf } from '#core';
import { openStageData } from '#platform/deployed-stage.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';

const aws = useEmulatedAws();

/** Tables of the stage, bucket and queue as CloudFormation names them. Tables have no index. */
async function deploy(stage: string): Promise<void> {
  const { endpoints } = aws.emulators;
  const settings = { ...aws.settings, endpoints };
  const [dynamodb, s3, sqs] = [
    createDynamoDbClient(settings),
    await createS3Client(settings),
    createSqsClient(settings, 0),
  ];
  const tables = { Tasks: TASKS_TABLE, Registry: REGISTRY_TABLE, Users: USERS_TABLE, Calls: CALLS_TABLE };
  for (const [name, { partitionKey, sortKey }] of Object.entries<TableDefinition>(tables)) {
    const keys = [partitionKey, ...(sortKey ? [sortKey] : [])];
    await dynamodb.send(
      new CreateTableCommand({
        TableName: `modelyard-${stage}-Data${name}4F2A`,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: keys.map((key, at) => ({
          AttributeName: key.name,
          KeyType: (at === 0 ? 'HASH' : 'RANGE') as KeyType,
        })),
        AttributeDefinitions: keys.map((key) => ({
          AttributeName: key.name,
          AttributeType: key.type as ScalarAttributeType,
        })),
      }),
    );
  }
  await s3.send(new CreateBucketCommand({ Bucket: `modelyard-${stage}-datablobs4f2a` }));
  await sqs.send(new CreateQueueCommand({ QueueName: `modelyard-${stage}-model_a-tasks` }));
  for (const client of [dynamodb, s3, sqs]) client.destroy();
}

it('deletes a user of a stage without lists of tasks', async () => {
  const { dynamodb, s3, sqs } = aws.emulators.endpoints;
  await deploy('thrifty');
  const endpoints = { AWS_ENDPOINT_URL_DYNAMODB: dynamodb, AWS_ENDPOINT_URL_S3: s3, AWS_ENDPOINT_URL_SQS: sqs };
  const variables = { ...endpoints, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const data = await openStageData('thrifty');
  onTestFinished(() => data.close());
  const user = await data.users.create({ name: 'ann', role: 'user', passwordHash: '', createdAt: data.clock.now() });
  const id = user?.id ?? '';

  const isErased = await eraseUser(data, id);

  expect(isErased).toBe(true);
  expect(await data.users.get(id)).toBeUndefined();
  for await (const task of tasksOf(data, id)) expect(task).toBeUndefined();
});
