import type { AwsConnection } from '#adapters/aws/index.ts';
import { corsOriginsFrom, readChoice, readInteger, readOptional, readRequired } from './environment.ts';
import * as ENV from './environment-names.ts';

/** Resource names and endpoints of the AWS platform. */
export interface AwsSettings extends AwsConnection {
  readonly tasksTable: string;
  /** Whether owners can list their tasks. Each task then costs one more write unit. @default true */
  readonly listsTasks?: boolean;
  readonly registryTable: string;
  readonly usersTable: string;
  readonly callsTable: string;
  readonly blobBucket: string;
  /** URL of a model's queues up to the model's name. */
  readonly queueUrlPrefix: string;
  /** Origins whose pages may read responses. Undefined: API Gateway adds the headers, or no page may. */
  readonly corsOrigins?: readonly string[];
  /** Cluster and service names for instance control. Undefined: no instance control. */
  readonly ecs?: { readonly cluster: string; readonly servicePrefix: string };
  /** How long an empty receive waits, in seconds, 0–20. @default 20 */
  readonly pollSeconds?: number;
}

/** Emulators accept any key. Fixed keys prevent that the user's own credentials are read and sent. */
const EMULATOR = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
} as const;

/** Throws an error that names the missing or malformed variable. */
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

/** The variables from which another process reads these settings, without credentials. */
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
