import { ModelyardError } from '#core';

/** The name of every environment variable, shared by the stack that sets them and the process that reads them. */
export const ENV = {
  /** `aws`, the default, or another platform by name. */
  platform: 'PLATFORM',
  /** `none` makes every caller the one local user. */
  auth: 'AUTH',

  /** What a model instance runs. */
  model: 'MODELYARD_MODEL',
  variant: 'MODELYARD_VARIANT',
  instanceId: 'MODELYARD_INSTANCE_ID',
  /** The container image or command the instance runs from. */
  image: 'MODELYARD_IMAGE',
  /** Base URL under which others reach the instance's health port. */
  endpoint: 'MODELYARD_ENDPOINT',
  healthHost: 'MODELYARD_HEALTH_HOST',
  healthPort: 'MODELYARD_HEALTH_PORT',
  leaseSeconds: 'MODELYARD_LEASE_SECONDS',
  /** How long runs may go on after the stop signal. */
  stopSeconds: 'MODELYARD_STOP_SECONDS',
  /** Folders with more models for the embedded platform, separated as in PATH. */
  modelsPath: 'MODELYARD_MODELS_PATH',

  tasksTable: 'MODELYARD_TASKS_TABLE',
  /** `off` where no lists of tasks are kept, for their price. */
  taskLists: 'MODELYARD_TASK_LISTS',
  registryTable: 'MODELYARD_REGISTRY_TABLE',
  blobBucket: 'MODELYARD_BLOB_BUCKET',
  /** URL of a model's task queue up to the model's name. */
  queueUrlPrefix: 'MODELYARD_QUEUE_URL_PREFIX',
  /** How long an empty receive waits at the queue. */
  pollSeconds: 'MODELYARD_POLL_SECONDS',
  /** Where instances can be launched on ECS; unset elsewhere. */
  ecsCluster: 'MODELYARD_ECS_CLUSTER',
  /** Name of a model's ECS service up to the model's name. */
  ecsServicePrefix: 'MODELYARD_ECS_SERVICE_PREFIX',
  /** Set by ECS itself. */
  ecsMetadata: 'ECS_CONTAINER_METADATA_URI_V4',
  ecsAgent: 'ECS_AGENT_URI',
  /** The stage whose metrics these are. */
  stage: 'MODELYARD_STAGE',
  /** Where instances can be launched with Docker: the project that containers must be labelled with. */
  dockerProject: 'MODELYARD_DOCKER_PROJECT',
  awsRegion: 'AWS_REGION',
  /** Emulators; unset on AWS. */
  sqsEndpoint: 'MODELYARD_SQS_ENDPOINT',
  s3Endpoint: 'MODELYARD_S3_ENDPOINT',
  dynamodbEndpoint: 'MODELYARD_DYNAMODB_ENDPOINT',

  /** Where a gateway process listens. */
  host: 'MODELYARD_HOST',
  port: 'MODELYARD_PORT',
  maxRequests: 'MODELYARD_MAX_REQUESTS',

  amqpUrl: 'AMQP_URL',
  redisUrl: 'REDIS_URL',
  /** What the names of queues and keys on RabbitMQ and Redis begin with. */
  prefix: 'MODELYARD_PREFIX',
  /** How long RabbitMQ and Redis may take to be there at the start. */
  connectSeconds: 'MODELYARD_CONNECT_SECONDS',
} as const;

export type EnvironmentName = (typeof ENV)[keyof typeof ENV];

/** The variable's value; undefined when it is unset or empty. */
export const readOptional = (env: NodeJS.ProcessEnv, name: EnvironmentName): string | undefined =>
  env[name] === '' ? undefined : env[name];

/** Throws a sentence naming the variable when it is unset or empty. */
export function readRequired(env: NodeJS.ProcessEnv, name: EnvironmentName): string {
  const value = readOptional(env, name);
  if (value === undefined) throw new ModelyardError('internal', `The environment variable ${name} is not set.`);
  return value;
}

export interface IntegerBounds {
  readonly min: number;
  readonly max: number;
  /** The value when the variable is unset; without it an unset variable is an error. */
  readonly default?: number;
}

/** A whole number between `min` and `max`; throws a sentence naming the variable for anything else. */
export function readInteger(env: NodeJS.ProcessEnv, name: EnvironmentName, bounds: IntegerBounds): number {
  const text = readOptional(env, name);
  if (text === undefined && bounds.default !== undefined) return bounds.default;
  const value = /^\d{1,15}$/.test(text ?? readRequired(env, name)) ? Number(text) : Number.NaN;
  if (value >= bounds.min && value <= bounds.max) return value;
  throw new ModelyardError(
    'internal',
    `The environment variable ${name} must be a whole number from ${bounds.min} to ${bounds.max}, not "${text}".`,
  );
}

/** One of the words in `choices`, the first of them when the variable is unset; throws a sentence naming it for another. */
export function readChoice<Choice extends string>(
  env: NodeJS.ProcessEnv,
  name: EnvironmentName,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const text = readOptional(env, name);
  if (text === undefined) return choices[0];
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw new ModelyardError(
    'internal',
    `The environment variable ${name} must be one of ${choices.join(', ')}, not "${text}".`,
  );
}
