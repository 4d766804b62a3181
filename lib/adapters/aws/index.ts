export { DynamoCallLog } from './calls/dynamo-call-log.ts';
export {
  type AwsConnection,
  type CallObserver,
  createDynamoDbClient,
  createS3Client,
  createSqsClient,
} from './clients.ts';
export { lateInstanceController } from './control/late-instance-controller.ts';
export { readDeadLetterRecord, type SqsRecord } from './queue/sqs-record.ts';
export { SqsTaskQueue, type SqsTaskQueueOptions } from './queue/sqs-task-queue.ts';
export { DynamoContractStore } from './registry/dynamo-contract-store.ts';
export { DynamoModelRegistry } from './registry/dynamo-model-registry.ts';
export {
  BLOB_EXPIRY,
  BY_OWNER_INDEX,
  CALLS_TABLE,
  DEAD_LETTER_QUEUE,
  DEAD_LETTERS_INDEX,
  deadLetterQueueName,
  type IndexDefinition,
  type KeyDefinition,
  OWNER_SHARDS,
  REGISTRY_TABLE,
  TASK_QUEUE,
  TASKS_TABLE,
  type TableDefinition,
  taskQueueName,
  USERS_TABLE,
} from './resources.ts';
export { type DynamoTableOptions, DynamoTaskStore } from './tasks/dynamo-task-store.ts';
export { S3BlobStore } from './tasks/s3-blob-store.ts';
export { DynamoUserStore } from './users/dynamo-user-store.ts';
