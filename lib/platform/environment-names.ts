/*
 * The names of all environment variables, shared by the stack that sets them and the process that reads them.
 * `docs/configuration.md` explains each. Separate constants, because a bundle contains only those that it uses.
 */

export const platform = 'PLATFORM';
export const auth = 'AUTH';
export const registration = 'REGISTRATION';
export const oidcIssuer = 'OIDC_ISSUER';
export const oidcAudience = 'OIDC_AUDIENCE';
export const oidcRoleClaim = 'OIDC_ROLE_CLAIM';
/** The file with the keys that sign tokens. */
export const keysFile = 'MODELYARD_KEYS_FILE';
/** The secret with the keys that sign tokens, on AWS. */
export const keysSecret = 'MODELYARD_KEYS_SECRET';
/** The address at which a container's port is published. */
export const bind = 'BIND';

export const model = 'MODELYARD_MODEL';
export const variant = 'MODELYARD_VARIANT';
export const instanceId = 'MODELYARD_INSTANCE_ID';
export const image = 'MODELYARD_IMAGE';
export const endpoint = 'MODELYARD_ENDPOINT';
export const healthHost = 'MODELYARD_HEALTH_HOST';
export const healthPort = 'MODELYARD_HEALTH_PORT';
export const leaseSeconds = 'MODELYARD_LEASE_SECONDS';
export const stopSeconds = 'MODELYARD_STOP_SECONDS';
export const whenIdle = 'MODELYARD_WHEN_IDLE';
export const modelsPath = 'MODELYARD_MODELS_PATH';
export const containerUrl = 'MODELYARD_CONTAINER_URL';
export const python = 'MODELYARD_PYTHON';

export const tasksTable = 'MODELYARD_TASKS_TABLE';
export const taskLists = 'MODELYARD_TASK_LISTS';
export const registryTable = 'MODELYARD_REGISTRY_TABLE';
export const usersTable = 'MODELYARD_USERS_TABLE';
export const callsTable = 'MODELYARD_CALLS_TABLE';
export const blobBucket = 'MODELYARD_BLOB_BUCKET';
export const queueUrlPrefix = 'MODELYARD_QUEUE_URL_PREFIX';
export const pollSeconds = 'MODELYARD_POLL_SECONDS';
export const ecsCluster = 'MODELYARD_ECS_CLUSTER';
export const ecsServicePrefix = 'MODELYARD_ECS_SERVICE_PREFIX';
export const ecsMetadata = 'ECS_CONTAINER_METADATA_URI_V4';
export const ecsAgent = 'ECS_AGENT_URI';
/** Instances of each model that stay while idle. */
export const minInstances = 'MODELYARD_MIN_INSTANCES';
export const corsOrigins = 'MODELYARD_CORS_ORIGINS';
export const stage = 'MODELYARD_STAGE';
export const dockerProject = 'MODELYARD_DOCKER_PROJECT';
export const awsRegion = 'AWS_REGION';
/** `true`: endpoints of AWS that have IPv6 addresses too. Read by the SDK. */
export const dualStack = 'AWS_USE_DUALSTACK_ENDPOINT';
/** The event source of each model's dead letters: `model=id`, separated by spaces. */
export const deadLetterSources = 'MODELYARD_DEAD_LETTER_SOURCES';
export const sqsEndpoint = 'MODELYARD_SQS_ENDPOINT';
export const s3Endpoint = 'MODELYARD_S3_ENDPOINT';
export const dynamodbEndpoint = 'MODELYARD_DYNAMODB_ENDPOINT';

export const host = 'MODELYARD_HOST';
export const port = 'MODELYARD_PORT';
export const hosts = 'MODELYARD_HOSTS';
export const trustedProxies = 'MODELYARD_TRUSTED_PROXIES';
export const maxRequests = 'MODELYARD_MAX_REQUESTS';
/** Hosts that requests of this system may reach although they are private. */
export const outboundHosts = 'MODELYARD_OUTBOUND_HOSTS';
/** The limits of users that a stage on AWS enforces. */
export const userLimits = 'MODELYARD_USER_LIMITS';
/** How long calls are kept. 0: they are not recorded. */
export const callDays = 'MODELYARD_CALL_DAYS';

export const amqpUrl = 'AMQP_URL';
export const redisUrl = 'REDIS_URL';
export const databaseUrl = 'DATABASE_URL';
export const prefix = 'MODELYARD_PREFIX';
export const connectSeconds = 'MODELYARD_CONNECT_SECONDS';

/** The folder of the database and of large payloads, on SQLite. */
export const dataFolder = 'MODELYARD_DATA_FOLDER';
/** Failures that commits survive there: `process`, `power` or `none`. */
export const durability = 'MODELYARD_DURABILITY';

/** The databases of the lifecycle's services, for example `postgres://user:password@host:5433/ingestion`. */
export const ingestionDatabaseUrl = 'INGESTION_DATABASE_URL';
export const preprocessingDatabaseUrl = 'PREPROCESSING_DATABASE_URL';
export const featuresDatabaseUrl = 'FEATURES_DATABASE_URL';
export const trainingDatabaseUrl = 'TRAINING_DATABASE_URL';
export const servingDatabaseUrl = 'SERVING_DATABASE_URL';
export const pipelinesDatabaseUrl = 'PIPELINES_DATABASE_URL';
export const monitoringDatabaseUrl = 'MONITORING_DATABASE_URL';
export const alertsDatabaseUrl = 'ALERTS_DATABASE_URL';
/** The mail server of alerts, for example `smtps://user:password@host:465`, and their sender. */
export const smtpUrl = 'MODELYARD_SMTP_URL';
export const smtpFrom = 'MODELYARD_SMTP_FROM';
/** The share of the answers of versioned models that goes into the prediction log. */
export const predictionLog = 'MODELYARD_PREDICTION_LOG';
/** Whether the API has the routes of the lifecycle, for Lambdas. */
export const lifecycle = 'MODELYARD_LIFECYCLE';
/** Where the lifecycle keeps files: a folder, or `s3://bucket/prefix/`. */
export const artifacts = 'MODELYARD_ARTIFACTS';
/** The program that runs containers of pipeline stages, with the arguments of Docker. */
export const containerCommand = 'MODELYARD_CONTAINER_COMMAND';
/** The socket of the Docker engine that runs containers of pipeline stages, for a worker in a container. */
export const containerSocket = 'MODELYARD_CONTAINER_SOCKET';
/** How containers of pipeline stages run on ECS, as JSON. */
export const containerTasks = 'MODELYARD_CONTAINER_TASKS';
/** Where the lifecycle keeps temporary files. */
export const scratchFolder = 'MODELYARD_SCRATCH_FOLDER';

/** The collector of traces. Unset: no traces. The OpenTelemetry SDK reads these and other standard variables. */
export const otlpEndpoint = 'OTEL_EXPORTER_OTLP_ENDPOINT';
export const tracesEndpoint = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
export const otlpProtocol = 'OTEL_EXPORTER_OTLP_PROTOCOL';
export const tracesProtocol = 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL';
export const tracesExporter = 'OTEL_TRACES_EXPORTER';
export const otelDisabled = 'OTEL_SDK_DISABLED';
