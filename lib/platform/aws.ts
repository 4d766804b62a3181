import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  type AwsConnection,
  createDynamoDbClient,
  createS3Client,
  createSqsClient,
  DynamoContractStore,
  DynamoModelRegistry,
  DynamoTaskStore,
  lateInstanceController,
  lateStatsStore,
  lateTransfers,
  lateWebhookStore,
  S3BlobStore,
  SqsTaskQueue,
} from '#adapters/aws/index.ts';
import { type Clock, type ListedHosts, StoreClock } from '#core';
import {
  callDaysFrom,
  corsOriginsFrom,
  listedIn,
  readChoice,
  readInteger,
  readOptional,
  readRequired,
} from './environment.ts';
import * as ENV from './environment-names.ts';
import { type Platform, systemClock } from './platform.ts';

export { readDeadLetterRecord } from '#adapters/aws/index.ts';

/** Dependencies shared by all stores on DynamoDB. */
export interface DynamoAccess {
  readonly clock: StoreClock;
  readonly dynamodb: DynamoDBClient;
}

export function openDynamoDb(settings: AwsSettings, ownClock: Clock = systemClock): DynamoAccess {
  const clock = new StoreClock(ownClock);
  return { clock, dynamodb: createDynamoDbClient(settings, clock) };
}

/** SQS, DynamoDB and S3, on AWS or on emulators of them. */
export function createAwsPlatform(
  settings: AwsSettings,
  { clock, dynamodb }: DynamoAccess = openDynamoDb(settings),
): Platform {
  const { queueUrlPrefix, pollSeconds = 20 } = settings;
  const sqs = createSqsClient(settings, pollSeconds);
  const abortsPolls = settings.endpoints?.sqs === undefined;
  let s3: ReturnType<typeof createS3Client> | undefined;
  const bucket = {
    bucket: settings.blobBucket,
    client() {
      s3 ??= createS3Client(settings);
      return s3;
    },
  };
  const blobs = new S3BlobStore(bucket);
  const { ecs } = settings;
  const { registryTable } = settings;
  const instances = ecs && lateInstanceController(settings, { ...ecs, dynamodb, registryTable, clock });
  const tasks = new DynamoTaskStore({
    ...{ client: dynamodb, table: settings.tasksTable, clock, keepsLists: settings.listsTasks ?? true },
  });
  return {
    queues: (model) =>
      new SqsTaskQueue({ client: sqs, clock: systemClock, queueUrlPrefix, model, pollSeconds, abortsPolls }),
    tasks,
    async check() {
      await tasks.get(NO_TASK);
    },
    blobs,
    transfers: lateTransfers({ ...bucket, now: () => clock.now() }),
    webhooks: lateWebhookStore({ dynamodb, sqs, table: settings.tasksTable, queueUrlPrefix, pollSeconds, clock }),
    outboundHosts: settings.outboundHosts ?? new Set(),
    stats: lateStatsStore({ client: dynamodb, table: settings.tasksTable }),
    registry: new DynamoModelRegistry({ client: dynamodb, table: settings.registryTable, clock }),
    contracts: new DynamoContractStore({ client: dynamodb, table: settings.registryTable, blobs }),
    ...(instances ? { instances } : {}),
    corsOrigins: settings.corsOrigins,
    clock,
    async close() {
      sqs.destroy();
      dynamodb.destroy();
      (await s3)?.destroy();
      await instances?.close();
    },
  };
}

/** The id of no task. Reading it shows that the table answers. */
const NO_TASK = 'readiness';

/** Resource names and endpoints of the AWS platform. */
export interface AwsSettings extends AwsConnection {
  readonly tasksTable: string;
  /** Whether owners can list their tasks. Each task then costs one more write unit. @default true */
  readonly listsTasks?: boolean;
  readonly registryTable: string;
  readonly usersTable: string;
  readonly callsTable: string;
  /** How long calls are kept. 0: they are not recorded. @default 30 */
  readonly callDays?: number;
  readonly blobBucket: string;
  /** URL of a model's queues up to the model's name. */
  readonly queueUrlPrefix: string;
  /** Origins whose pages may read responses. Undefined: API Gateway adds the headers, or no page may. */
  readonly corsOrigins?: readonly string[];
  /** Hosts that webhooks may reach although they are private. @default none */
  readonly outboundHosts?: ListedHosts;
  /** Cluster and service names for instance control. Undefined: no instance control. */
  readonly ecs?: { readonly cluster: string; readonly servicePrefix: string };
  /** How long an empty receive waits, in seconds, 0–20. @default 20 */
  readonly pollSeconds?: number;
}

/** Emulators accept any key. Fixed keys prevent that the user's own credentials are read and sent. */
const EMULATOR = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
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
    callDays: callDaysFrom(env),
    blobBucket: readRequired(env, ENV.blobBucket),
    queueUrlPrefix: readRequired(env, ENV.queueUrlPrefix),
    corsOrigins: corsOriginsFrom(env),
    outboundHosts: listedIn(env, ENV.outboundHosts),
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
    [ENV.callDays]: settings.callDays === undefined ? undefined : String(settings.callDays),
    [ENV.blobBucket]: settings.blobBucket,
    [ENV.queueUrlPrefix]: settings.queueUrlPrefix,
    [ENV.outboundHosts]: settings.outboundHosts?.size ? [...settings.outboundHosts].join(' ') : undefined,
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
