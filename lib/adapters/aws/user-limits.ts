export { DynamoRequestLimit } from './users/dynamo-request-limit.ts';
export { createDynamoTaskQuota } from './users/dynamo-task-quota.ts';
