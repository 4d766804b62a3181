export {
  type AwsConnection,
  type CallObserver,
  createDynamoDbClient,
  createS3Client,
  createSqsClient,
} from './clients.ts';
export { DynamoCallLog } from './dynamo-call-log.ts';
export { DynamoContractStore } from './dynamo-contract-store.ts';
export { DynamoModelRegistry } from './dynamo-model-registry.ts';
export { type DynamoTableOptions, DynamoTaskStore } from './dynamo-task-store.ts';
export { DynamoUserStore } from './dynamo-user-store.ts';
export { lateInstanceController } from './late-instance-controller.ts';
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
export { S3BlobStore } from './s3-blob-store.ts';
export { readDeadLetterRecord, type SqsRecord } from './sqs-record.ts';
export { SqsTaskQueue, type SqsTaskQueueOptions } from './sqs-task-queue.ts';
