import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ECSClient } from '@aws-sdk/client-ecs';
import type { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { StoreClock } from '#core';

/** Called before every SDK call with the name of the service and the operation. */
type CallObserver = (service: string, operation: string) => void;

/** Connection settings. The SDK resolves those that are absent. */
export interface AwsConnection {
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Endpoints of emulators. */
  readonly endpoints?: {
    readonly sqs?: string;
    readonly s3?: string;
    readonly dynamodb?: string;
    readonly ecs?: string;
    readonly secrets?: string;
    readonly lambda?: string;
  };
  readonly onCall?: CallObserver;
}

/** Two quick retries: calls to an unreachable service fail within seconds. Callers retry on their own. */
const MAX_ATTEMPTS = 3;
const CONNECT_MS = 1000;
/** Enough to read the rows of a page concurrently. */
const AGENT = { keepAlive: true, maxSockets: 128 };
/** How long a request waits for one of these sockets. */
const MAX_WAIT_MS = 10_000;

export function createSqsClient(connection: AwsConnection, pollSeconds: number): SQSClient {
  const client = new SQSClient({
    ...connectionOf(connection, connection.endpoints?.sqs, pollSeconds * 1000 + 5000),
    // Otherwise the queue URL of an emulator, with its own host name, would be the endpoint.
    useQueueUrlAsEndpoint: false,
    // MD5 checks take a fifth of the CPU of a call; TLS detects the same errors.
    md5: false,
  });
  if (connection.onCall) client.middlewareStack.add(observer(connection.onCall), { step: 'initialize' });
  return client;
}

/** Sets `clock` by the `Date` header of every response, which costs no request. */
export function createDynamoDbClient(connection: AwsConnection, clock?: StoreClock): DynamoDBClient {
  const client = new DynamoDBClient(connectionOf(connection, connection.endpoints?.dynamodb, 5000));
  client.middlewareStack.add(oneSocketEach(), { step: 'initialize' });
  if (clock) client.middlewareStack.add(clockReader(clock), { step: 'deserialize' });
  if (connection.onCall) client.middlewareStack.add(observer(connection.onCall), { step: 'initialize' });
  return client;
}

export const createSecretsClient = (connection: AwsConnection): SecretsManagerClient =>
  new SecretsManagerClient(connectionOf(connection, connection.endpoints?.secrets, 5000));

/** Imports the S3 SDK dynamically, because most Lambdas do not use it. */
export async function createS3Client(connection: AwsConnection): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    ...connectionOf(connection, connection.endpoints?.s3, 30_000),
    forcePathStyle: connection.endpoints?.s3 !== undefined,
  });
  if (connection.onCall) client.middlewareStack.add(observer(connection.onCall), { step: 'initialize' });
  return client;
}

/** Imports the ECS SDK dynamically, because most Lambdas do not use it. */
export async function createEcsClient(connection: AwsConnection): Promise<ECSClient> {
  const { ECSClient } = await import('@aws-sdk/client-ecs');
  const client = new ECSClient(connectionOf(connection, connection.endpoints?.ecs, 5000));
  if (connection.onCall) client.middlewareStack.add(observer(connection.onCall), { step: 'initialize' });
  return client;
}

/** The options of every client of the SDK. `requestTimeout` in milliseconds. */
export const connectionOf = (
  { region, credentials }: AwsConnection,
  endpoint: string | undefined,
  requestTimeout: number,
) => ({
  maxAttempts: MAX_ATTEMPTS,
  requestHandler: {
    connectionTimeout: CONNECT_MS,
    requestTimeout,
    throwOnRequestTimeout: true,
    httpAgent: AGENT,
    httpsAgent: AGENT,
  },
  ...(region === undefined ? {} : { region }),
  // A copy, because the SDK writes into it.
  ...(credentials === undefined ? {} : { credentials: { ...credentials } }),
  ...(endpoint === undefined ? {} : { endpoint }),
});

/**
 * Sends a request when a socket is free. The time limits of the SDK begin before a request has one, so those that wait in
 * the agent would fail as if the service were away, for example items of a large batch while DynamoDB is slow.
 */
function oneSocketEach() {
  let free = AGENT.maxSockets;
  const waiting = new Set<() => void>();

  const untilFree = () =>
    new Promise<void>((resolve, reject) => {
      const enter = () => {
        clearTimeout(timer);
        waiting.delete(enter);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(enter);
        reject(Object.assign(new Error('No socket was free in time.'), { name: 'TimeoutError' }));
      }, MAX_WAIT_MS);
      waiting.add(enter);
    });

  return <Args, Output>(next: (args: Args) => Promise<Output>) =>
    async (args: Args): Promise<Output> => {
      if (free > 0) free -= 1;
      else await untilFree();
      try {
        return await next(args);
      } finally {
        const [first] = waiting;
        if (first) first();
        else free += 1;
      }
    };
}

/** Resolution of the `Date` header. */
const DATE_RESOLUTION_MS = 1000;

const clockReader =
  (clock: StoreClock) =>
  <Args, Output extends { readonly response: unknown }>(next: (args: Args) => Promise<Output>) =>
  async (args: Args): Promise<Output> => {
    const sentAt = clock.ownNow();
    const output = await next(args);
    const { headers } = output.response as { readonly headers?: Readonly<Record<string, string>> };
    const earliest = Date.parse(headers?.date ?? '');
    if (Number.isFinite(earliest)) {
      clock.observe({ sentAt, receivedAt: clock.ownNow(), earliest, latest: earliest + DATE_RESOLUTION_MS - 1 });
    }
    return output;
  };

interface CallContext {
  readonly clientName?: string;
  readonly commandName?: string;
}

const observer =
  (onCall: CallObserver) =>
  <Next>(next: Next, { clientName = '', commandName = '' }: CallContext): Next => {
    onCall(clientName.replace(/Client$/, ''), commandName.replace(/Command$/, ''));
    return next;
  };
