import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import type { AwsSettings } from '#platform/aws.ts';
import type { Outputs } from './cdk.ts';
import { ACCOUNT } from './workplace.ts';

/** A stage that was deployed to an emulator. */
export interface DeployedStage {
  /** The name of its stack. */
  readonly stack: string;
  /** The API, without a slash at the end. */
  readonly url: string;
  /** The function URL of the submit handler, if the stage has one. */
  readonly submitUrl: string | undefined;
  /** Settings for instances on this machine. */
  readonly settings: AwsSettings;
}

/** Short, because the emulator keeps the poll of a receiver that has disconnected. */
const POLL_SECONDS = 1;

/** Finds the URLs and generated resource names of a deployed stage. */
export async function deployedStage(endpoint: string, outputs: Outputs, stack: string): Promise<DeployedStage> {
  const { ApiUrl = '', SubmitUrl } = outputs[stack] ?? {};
  return {
    stack,
    url: apiAt(endpoint, ApiUrl),
    submitUrl: SubmitUrl === undefined ? undefined : functionAt(endpoint, SubmitUrl),
    settings: await settingsOf(endpoint, stack),
  };
}

/** Stack outputs have the host names of AWS. The emulator serves all APIs under its own address. */
function apiAt(endpoint: string, printed: string): string {
  const [, api, stage = ''] = /^https:\/\/(\w+)\.execute-api\.[^/]+\/(?:(\w+)\/)?$/.exec(printed) ?? [];
  if (api === undefined) throw new Error(`The stack has no output with the URL of its API, but "${printed}".`);
  return `${endpoint}/_aws/execute-api/${api}/${stage || '$default'}`;
}

function functionAt(endpoint: string, printed: string): string {
  const [, id] = /^https:\/\/(\w+)\.lambda-url\.[^/]+\/$/.exec(printed) ?? [];
  if (id === undefined) throw new Error(`The stack has no output with a function URL, but "${printed}".`);
  return `${endpoint}/_aws/lambda-url/${id}`;
}

async function settingsOf(endpoint: string, stack: string): Promise<AwsSettings> {
  const connection = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const dynamodb = new DynamoDBClient(connection);
  const s3 = new S3Client({ ...connection, forcePathStyle: true });
  try {
    const { TableNames = [] } = await dynamodb.send(new ListTablesCommand());
    const { Buckets = [] } = await s3.send(new ListBucketsCommand());
    return {
      tasksTable: only(TableNames, `${stack}-DataTasks`),
      registryTable: only(TableNames, `${stack}-DataRegistry`),
      usersTable: only(TableNames, `${stack}-DataUsers`),
      callsTable: only(TableNames, `${stack}-DataCalls`),
      blobBucket: only(
        Buckets.map(({ Name = '' }) => Name),
        `${stack}-datablobs`,
      ),
      queueUrlPrefix: `${endpoint}/${ACCOUNT}/${stack}-`,
      pollSeconds: POLL_SECONDS,
      region: connection.region,
      endpoints: { sqs: endpoint, s3: endpoint, dynamodb: endpoint },
    };
  } finally {
    dynamodb.destroy();
    s3.destroy();
  }
}

function only(names: readonly string[], start: string): string {
  const [name, ...others] = names.filter((candidate) => candidate.startsWith(start));
  if (name === undefined || others.length > 0) throw new Error(`Expected one ${start}…, found: ${names.join(', ')}.`);
  return name;
}
