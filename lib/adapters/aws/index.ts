export { DynamoCallLog } from './calls/dynamo-call-log.ts';
export {
  type AwsConnection,
  createDynamoDbClient,
  createEcsClient,
  createS3Client,
  createSecretsClient,
  createSqsClient,
} from './clients.ts';
export { lateInstanceController } from './control/late-instance-controller.ts';
export { readDeadLetterRecord } from './queue/sqs-message.ts';
export { SqsTaskQueue } from './queue/sqs-task-queue.ts';
export { DynamoContractStore } from './registry/dynamo-contract-store.ts';
export { DynamoModelRegistry } from './registry/dynamo-model-registry.ts';
export {
  BY_OWNER_INDEX,
  CALLS_TABLE,
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
} from './resources.ts';
export { lateStatsStore } from './stats/late-stats-store.ts';
export { DynamoTaskStore } from './tasks/dynamo-task-store.ts';
export { lateTransfers } from './tasks/late-transfers.ts';
export { S3BlobStore } from './tasks/s3-blob-store.ts';
export { DynamoUsageStore } from './users/dynamo-usage-store.ts';
export { DynamoUserStore } from './users/dynamo-user-store.ts';
export { createSecretKeys } from './users/secret-keys.ts';
export { lateWebhookStore } from './webhooks/late-webhook-store.ts';
