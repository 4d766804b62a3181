import { createServer, type IncomingHttpHeaders } from 'node:http';
import { listenOnFreePort } from './listen.ts';

/** A statement of a policy whose resources are plain names: those by which calls name tables, queues and services. */
export interface PlainStatement {
  readonly actions: readonly string[];
  /** `*` for every resource. */
  readonly resources: readonly string[];
  /** Partition keys of DynamoDB that the statement is limited to. Absent: every key. */
  readonly leadingKeys?: readonly string[];
}

export interface IamGuard {
  readonly url: string;
  /** Calls that no statement allows, as `dynamodb:PutItem DataRegistry model`. They were answered with AccessDenied. */
  readonly denied: readonly string[];
  close(): Promise<void>;
}

interface Input {
  readonly TableName?: string;
  readonly QueueUrl?: string;
  readonly Key?: Readonly<Record<string, unknown>>;
  readonly Item?: Readonly<Record<string, unknown>>;
  readonly service?: string;
  readonly services?: readonly string[];
}

const SERVICES: Readonly<Record<string, string>> = {
  DynamoDB_20120810: 'dynamodb',
  AmazonSQS: 'sqs',
  AmazonEC2ContainerServiceV20141113: 'ecs',
};

/**
 * Stands in front of an emulator of an AWS JSON service and allows what the statements allow, as IAM does in front of
 * the service itself. `partitionKey` names the key of tables whose statements are limited by it.
 */
export async function startIamGuard(
  target: string,
  statements: readonly PlainStatement[],
  partitionKey: string,
): Promise<IamGuard> {
  const denied: string[] = [];

  function isAllowed(action: string, resources: readonly string[], leadingKey: string | undefined): boolean {
    return resources.every((resource) =>
      statements.some(
        (statement) =>
          statement.actions.includes(action) &&
          (statement.resources.includes('*') || statement.resources.includes(resource)) &&
          (!statement.leadingKeys || statement.leadingKeys.includes(leadingKey ?? '')),
      ),
    );
  }

  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const [prefix = '', operation = ''] = String(request.headers['x-amz-target']).split('.');
    const action = `${SERVICES[prefix]}:${operation}`;
    const input = JSON.parse(body.toString()) as Input;
    const resources = resourcesOf(input);
    const leadingKey = leadingKeyOf(input, partitionKey);
    if (isAllowed(action, resources, leadingKey)) {
      const answer = await forward(target, request.headers, body);
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
      response.end(Buffer.from(await answer.arrayBuffer()));
      return;
    }
    denied.push([action, ...resources, leadingKey ?? ''].join(' ').trim());
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: 'AccessDeniedException', message: `Not authorized: ${action}` }));
  });
  const url = await listenOnFreePort(server);
  return {
    url,
    denied,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/** The resources that a call names; `*` for a call that names none. */
function resourcesOf({ TableName, QueueUrl, service, services }: Input): readonly string[] {
  const named = [TableName, QueueUrl?.split('/').at(-1), service, ...(services ?? [])];
  const known = named.filter((name) => name !== undefined);
  return known.length > 0 ? known : ['*'];
}

function leadingKeyOf({ Key, Item }: Input, partitionKey: string): string | undefined {
  const value = (Key ?? Item)?.[partitionKey] as { readonly S?: string } | undefined;
  return value?.S;
}

const HOP_BY_HOP = new Set(['host', 'connection', 'content-length', 'expect', 'transfer-encoding']);

const forward = (target: string, headers: IncomingHttpHeaders, body: Buffer): Promise<Response> =>
  fetch(target, {
    method: 'POST',
    headers: Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      HOP_BY_HOP.has(name) || value === undefined ? [] : [[name, String(value)]],
    ),
    body: new Uint8Array(body),
  });
