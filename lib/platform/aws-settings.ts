import type { AwsConnection } from '#adapters/aws/index.ts';
import { corsOriginsFrom, readChoice, readInteger, readOptional, readRequired } from './environment.ts';
import * as ENV from './environment-names.ts';

/** What the AWS platform needs to know: resources by name, and how to reach AWS where it is not AWS. */
export interface AwsSettings extends AwsConnection {
  readonly tasksTable: string;
  /** Whether owners can list their tasks, which costs a write for each. @default true */
  readonly listsTasks?: boolean;
  readonly registryTable: string;
  readonly usersTable: string;
  readonly callsTable: string;
  readonly blobBucket: string;
  /** URL of a model's queues up to the model's name. */
  readonly queueUrlPrefix: string;
  /** Origins whose pages may read answers. @default the gateway sees to it, or lets no page in */
  readonly corsOrigins?: readonly string[];
  /** Where instances run as tasks of ECS. @default nowhere: instances are started elsewhere */
  readonly ecs?: { readonly cluster: string; readonly servicePrefix: string };
  /** How long an empty receive waits at the queue. 0–20. @default 20 */
  readonly pollSeconds?: number;
}

/** Emulators take any key; giving one keeps the user's own from being looked up and sent. */
const EMULATOR = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
} as const;

/** Reads the settings that `awsEnvironment` and the stack write. Throws a sentence naming the variable that is missing. */
export function awsSettingsFrom(env: NodeJS.ProcessEnv): AwsSettings {
  const sqs = readOptional(env, ENV.sqsEndpoint);
  const s3 = readOptional(env, ENV.s3Endpoint);
  const dynamodb = readOptional(env, ENV.dynamodbEndpoint);
  const region = readOptional(env, ENV.awsRegion);
  const isEmulated = sqs !== undefined || s3 !== undefined || dynamodb !== undefined;
  return {
    tasksTable: readRequired(env, ENV.tasksTable),
    ...(readChoice(env, ENV.taskLists, ['on', 'off']) === 'off' ? { listsTasks: false } : {}),
    registryTable: readRequired(env, ENV.registryTable),
    usersTable: readRequired(env, ENV.usersTable),
    callsTable: readRequired(env, ENV.callsTable),
    blobBucket: readRequired(env, ENV.blobBucket),
    queueUrlPrefix: readRequired(env, ENV.queueUrlPrefix),
    corsOrigins: corsOriginsFrom(env),
    ...ecsFrom(env),
    pollSeconds: readInteger(env, ENV.pollSeconds, { min: 0, max: 20, default: 20 }),
    ...(isEmulated ? EMULATOR : {}),
    ...(region === undefined ? {} : { region }),
    ...(isEmulated
      ? {
          endpoints: {
            ...(sqs === undefined ? {} : { sqs }),
            ...(s3 === undefined ? {} : { s3 }),
            ...(dynamodb === undefined ? {} : { dynamodb }),
          },
        }
      : {}),
  };
}

function ecsFrom(env: NodeJS.ProcessEnv): Pick<AwsSettings, 'ecs'> {
  const cluster = readOptional(env, ENV.ecsCluster);
  return cluster === undefined ? {} : { ecs: { cluster, servicePrefix: readRequired(env, ENV.ecsServicePrefix) } };
}

/** The environment that makes another process read these settings; credentials are not among it. */
export function awsEnvironment(settings: AwsSettings): Record<string, string> {
  const { region, pollSeconds, endpoints = {} } = settings;
  const values: Record<string, string | undefined> = {
    [ENV.tasksTable]: settings.tasksTable,
    [ENV.taskLists]: settings.listsTasks === false ? 'off' : undefined,
    [ENV.registryTable]: settings.registryTable,
    [ENV.usersTable]: settings.usersTable,
    [ENV.callsTable]: settings.callsTable,
    [ENV.blobBucket]: settings.blobBucket,
    [ENV.queueUrlPrefix]: settings.queueUrlPrefix,
    [ENV.pollSeconds]: pollSeconds === undefined ? undefined : String(pollSeconds),
    [ENV.awsRegion]: region,
    [ENV.sqsEndpoint]: endpoints.sqs,
    [ENV.s3Endpoint]: endpoints.s3,
    [ENV.dynamodbEndpoint]: endpoints.dynamodb,
  };
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
