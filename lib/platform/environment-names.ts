/*
 * The name of every environment variable, shared by the stack that sets them and the process that reads them: known
 * to everybody as `ENV`. Constants of a module, because a bundle has only those of them that it reads.
 */

/** `aws`, the default, or another platform by name. */
export const platform = 'PLATFORM';
/** `none` makes every caller the one local user. */
export const auth = 'AUTH';

/** What a model instance runs. */
export const model = 'MODELYARD_MODEL';
export const variant = 'MODELYARD_VARIANT';
export const instanceId = 'MODELYARD_INSTANCE_ID';
/** The container image or command the instance runs from. */
export const image = 'MODELYARD_IMAGE';
/** Base URL under which others reach the instance's health port. */
export const endpoint = 'MODELYARD_ENDPOINT';
export const healthHost = 'MODELYARD_HEALTH_HOST';
export const healthPort = 'MODELYARD_HEALTH_PORT';
export const leaseSeconds = 'MODELYARD_LEASE_SECONDS';
/** How long runs may go on after the stop signal. */
export const stopSeconds = 'MODELYARD_STOP_SECONDS';
/** Folders with more models for the embedded platform, separated as in PATH. */
export const modelsPath = 'MODELYARD_MODELS_PATH';

export const tasksTable = 'MODELYARD_TASKS_TABLE';
/** `off` where no lists of tasks are kept, for their price. */
export const taskLists = 'MODELYARD_TASK_LISTS';
export const registryTable = 'MODELYARD_REGISTRY_TABLE';
export const usersTable = 'MODELYARD_USERS_TABLE';
export const callsTable = 'MODELYARD_CALLS_TABLE';
export const blobBucket = 'MODELYARD_BLOB_BUCKET';
/** URL of a model's task queue up to the model's name. */
export const queueUrlPrefix = 'MODELYARD_QUEUE_URL_PREFIX';
/** How long an empty receive waits at the queue. */
export const pollSeconds = 'MODELYARD_POLL_SECONDS';
/** Where instances can be launched on ECS; unset elsewhere. */
export const ecsCluster = 'MODELYARD_ECS_CLUSTER';
/** Name of a model's ECS service up to the model's name. */
export const ecsServicePrefix = 'MODELYARD_ECS_SERVICE_PREFIX';
/** Set by ECS itself. */
export const ecsMetadata = 'ECS_CONTAINER_METADATA_URI_V4';
export const ecsAgent = 'ECS_AGENT_URI';
/** Origins whose pages may read answers, separated by spaces, where the gateway leaves that to its functions. */
export const corsOrigins = 'MODELYARD_CORS_ORIGINS';
/** The stage whose metrics these are. */
export const stage = 'MODELYARD_STAGE';
/** Where instances can be launched with Docker: the project that containers must be labelled with. */
export const dockerProject = 'MODELYARD_DOCKER_PROJECT';
export const awsRegion = 'AWS_REGION';
/** Emulators; unset on AWS. */
export const sqsEndpoint = 'MODELYARD_SQS_ENDPOINT';
export const s3Endpoint = 'MODELYARD_S3_ENDPOINT';
export const dynamodbEndpoint = 'MODELYARD_DYNAMODB_ENDPOINT';

/** Where a gateway process listens. */
export const host = 'MODELYARD_HOST';
export const port = 'MODELYARD_PORT';
export const maxRequests = 'MODELYARD_MAX_REQUESTS';

export const amqpUrl = 'AMQP_URL';
export const redisUrl = 'REDIS_URL';
/** What the names of queues and keys on RabbitMQ and Redis begin with. */
export const prefix = 'MODELYARD_PREFIX';
/** How long RabbitMQ and Redis may take to be there at the start. */
export const connectSeconds = 'MODELYARD_CONNECT_SECONDS';
