/**
 * Lets the `index.ts` of every Lambda create its clients where a bundle is measured or imported in a test. Nothing is
 * called.
 */
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
