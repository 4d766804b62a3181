import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  createDynamoDbClient,
  createS3Client,
  createSqsClient,
  DynamoContractStore,
  DynamoModelRegistry,
  DynamoTaskStore,
  lateInstanceController,
  S3BlobStore,
  SqsTaskQueue,
} from '#adapters/aws/index.ts';
import { type Clock, StoreClock } from '#core';
import type { AwsSettings } from './aws-settings.ts';
import * as ENV from './environment-names.ts';
import type { Platform } from './platform.ts';
import { systemClock } from './system-clock.ts';

export { readDeadLetterRecord } from '#adapters/aws/index.ts';
export { type AwsSettings, awsEnvironment, awsSettingsFrom } from './aws-settings.ts';

/** What all stores on DynamoDB share. */
interface DynamoAccess {
  readonly clock: StoreClock;
  readonly dynamodb: DynamoDBClient;
}

export function openDynamoDb(settings: AwsSettings, ownClock: Clock = systemClock): DynamoAccess {
  const clock = new StoreClock(ownClock);
  return { clock, dynamodb: createDynamoDbClient(settings, clock) };
}

/** SQS, DynamoDB and S3, on AWS or on emulators of them. */
export function createAwsPlatform(
  settings: AwsSettings,
  { clock, dynamodb }: DynamoAccess = openDynamoDb(settings),
): Platform {
  const { queueUrlPrefix, pollSeconds = 20 } = settings;
  const sqs = createSqsClient(settings, pollSeconds);
  const abortsPolls = settings.endpoints?.sqs === undefined;
  let s3: ReturnType<typeof createS3Client> | undefined;
  const blobs = new S3BlobStore({
    bucket: settings.blobBucket,
    client() {
      s3 ??= createS3Client(settings);
      return s3;
    },
  });
  const { ecs } = settings;
  const instances = ecs && lateInstanceController(settings, { ...ecs, variantVariable: ENV.variant });
  return {
    queues: (model) =>
      new SqsTaskQueue({ client: sqs, clock: systemClock, queueUrlPrefix, model, pollSeconds, abortsPolls }),
    tasks: new DynamoTaskStore({
      ...{ client: dynamodb, table: settings.tasksTable, clock, keepsLists: settings.listsTasks ?? true },
    }),
    blobs,
    registry: new DynamoModelRegistry({ client: dynamodb, table: settings.registryTable, clock }),
    contracts: new DynamoContractStore({ client: dynamodb, table: settings.registryTable, blobs }),
    ...(instances ? { instances } : {}),
    corsOrigins: settings.corsOrigins,
    clock,
    async close() {
      sqs.destroy();
      dynamodb.destroy();
      (await s3)?.destroy();
      await instances?.close();
    },
  };
}
