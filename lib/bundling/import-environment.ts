/** Enough for the `index.ts` of any Lambda to build its clients, where bundles are measured or tried; nothing is called. */
export const IMPORT_ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  MODELYARD_STAGE: 'dev',
  MODELYARD_TASKS_TABLE: 'tasks',
  MODELYARD_REGISTRY_TABLE: 'registry',
  MODELYARD_USERS_TABLE: 'users',
  MODELYARD_CALLS_TABLE: 'calls',
  MODELYARD_BLOB_BUCKET: 'blobs',
  MODELYARD_QUEUE_URL_PREFIX: 'https://sqs.us-east-1.amazonaws.com/000000000000/modelyard-',
} as const;
