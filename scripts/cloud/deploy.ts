import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import type { AwsSettings } from '#platform/aws.ts';
import { runToEnd } from './child.ts';
import type { Emulator } from './emulator.ts';
import { assertLoopback } from './loopback.ts';

/** A stage as it was deployed. */
export interface Deployment {
  /** Without a slash at the end. */
  readonly url: string;
  /** For processes beside it. */
  readonly settings: AwsSettings;
  readonly seconds: { readonly bootstrap: number; readonly deploy: number };
}

const STAGE = 'local';
const STACK = `modelyard-${STAGE}`;
const ACCOUNT = '000000000000';
/** Short, because the emulator keeps the place of a receiver that has gone. */
const POLL_SECONDS = 1;

/** `cdk bootstrap` and `cdk deploy`, as anybody would, against an emulator. */
export async function deploy({ endpoint, environment }: Emulator, root: string): Promise<Deployment> {
  assertLoopback(endpoint);
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-cloud-'));
  try {
    const outputs = join(folder, 'outputs.json');
    const cdk = (...args: string[]) =>
      timed(() =>
        runToEnd(
          process.execPath,
          ['node_modules/.bin/cdk', ...args, '--context', `stage=${STAGE}`, '--output', join(folder, 'cdk.out')],
          { cwd: root, environment },
        ),
      );
    const bootstrap = await cdk('bootstrap', `aws://${ACCOUNT}/${environment.AWS_REGION}`);
    const seconds = await cdk('deploy', '--require-approval', 'never', '--outputs-file', outputs);
    const { [STACK]: printed } = JSON.parse(await readFile(outputs, 'utf8')) as Record<string, { ApiUrl: string }>;
    return {
      url: localUrl(endpoint, printed?.ApiUrl ?? ''),
      settings: await settingsOf(endpoint),
      seconds: { bootstrap, deploy: seconds },
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The emulator answers for every API under one address; the one that it prints is the real AWS's. */
function localUrl(endpoint: string, printed: string): string {
  const [, api, stage] = /^https:\/\/(\w+)\.execute-api\.[^/]+\/(\w+)\/$/.exec(printed) ?? [];
  if (api === undefined) throw new Error(`The stack printed no URL of its API, but "${printed}".`);
  return `${endpoint}/_aws/execute-api/${api}/${stage}`;
}

/** The names that CloudFormation made up. */
async function settingsOf(endpoint: string): Promise<AwsSettings> {
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
      tasksTable: only(TableNames, `${STACK}-DataTasks`),
      registryTable: only(TableNames, `${STACK}-DataRegistry`),
      blobBucket: only(
        Buckets.map(({ Name = '' }) => Name),
        `${STACK}-datablobs`,
      ),
      queueUrlPrefix: `${endpoint}/${ACCOUNT}/${STACK}-`,
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

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return Math.round((performance.now() - from) / 100) / 10;
}
