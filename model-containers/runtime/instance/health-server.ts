import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { contractOf, loadContract } from '#contract';
import type { Contract, Instance, InstanceState } from '#core';
import { Registration } from '#proto/modelyard/v1/registration.ts';
import type { InstanceMetrics } from './instance-metrics.ts';

export interface HealthServerOptions {
  readonly host: string;
  /** 0 selects a free port. */
  readonly port: number;
  /** The variant, or the model name without variants. */
  readonly servedName: string;
  readonly contract: Contract;
  readonly metrics: Pick<InstanceMetrics, 'text' | 'contentType'>;
  readonly state: () => InstanceState;
  readonly condition: () => Pick<Instance, 'condition'>;
  /** The instance's registration, a serialized `modelyard.v1.Registration`. */
  readonly registration: () => Uint8Array;
}

/** HTTP server of one instance: health checks and Prometheus. It serves no predictions. */
export interface HealthServer {
  /** Base URL. */
  readonly url: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** Rejects when the port is in use. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(options, request).then(
      ({ status, type, body }) => send(response, status, type, body),
      () => send(response, 500, 'text/plain', 'Internal error.\n'),
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options.port, options.host, resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${reachable(options.host)}:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Clients cannot connect to a wildcard address; the host name is used instead. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return hostname();
  return host.includes(':') ? `[${host}]` : host;
}

const PROTOBUF = 'application/x-protobuf';
const PATHS = '/health, /ping, /request-format, /response-format, /registration or /metrics';

async function answer(options: HealthServerOptions, request: IncomingMessage): Promise<Answer> {
  const { contract, metrics } = options;
  if (request.method !== 'GET' && request.method !== 'HEAD') return problem(405, 'Only GET and HEAD are supported.');
  switch (new URL(request.url ?? '/', 'http://instance').pathname) {
    case '/health':
      return health(options);
    case '/ping':
      return { status: 200, type: 'text/plain', body: 'pong' };
    case '/request-format':
      return format(contract.requestMessage, contract, request);
    case '/response-format':
      return format(contract.responseMessage, contract, request);
    case '/registration':
      return registration(options, request);
    case '/metrics':
      return { status: 200, type: metrics.contentType, body: await metrics.text() };
    default:
      return problem(404, `Not found. Available paths: ${PATHS}.`);
  }
}

/** 200 only in the state `ready`: an orchestrator waits for `setup`, and removes a draining instance. */
function health({ state, condition, servedName: model }: HealthServerOptions): Answer {
  if (state() !== 'ready') return json(503, { status: state(), model });
  // Still 200: the instance keeps its leases and restarts the model itself.
  return json(200, { status: condition().condition ?? 'ok', model });
}

/** The message name and its FileDescriptorSet: base64 in JSON, or raw bytes with `Accept: application/x-protobuf`. */
function format(message: string, { descriptorSet, hash }: Contract, request: IncomingMessage): Answer {
  if (wantsProtobuf(request)) return { status: 200, type: PROTOBUF, body: descriptorSet };
  return json(200, { message, descriptor_hash: hash, descriptor: Buffer.from(descriptorSet).toString('base64') });
}

/** As JSON, or as protobuf with `Accept: application/x-protobuf`. */
async function registration({ registration }: HealthServerOptions, request: IncomingMessage): Promise<Answer> {
  const body = registration();
  return wantsProtobuf(request) ? { status: 200, type: PROTOBUF, body } : json(200, await registrationToJson(body));
}

const wantsProtobuf = ({ headers }: IncomingMessage): boolean => headers.accept?.includes(PROTOBUF) ?? false;

const json = (status: number, body: unknown): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});

const problem = (status: number, detail: string): Answer => ({
  status,
  type: 'application/problem+json',
  body: JSON.stringify({ type: 'about:blank', title: detail, status }),
});

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body);
}

type RegisteredFields = Pick<
  Instance,
  'id' | 'model' | 'variant' | 'slots' | 'endpoint' | 'image' | 'runtimeVersion' | 'startedAt'
>;

export const writeRegistration = (instance: RegisteredFields, contract: Contract): Uint8Array =>
  Registration.encode({
    instance_id: instance.id,
    model: instance.model,
    variant: instance.variant ?? '',
    contract: {
      hash: contract.hash,
      request_message: contract.requestMessage,
      response_message: contract.responseMessage,
      descriptor_set: contract.descriptorSet,
    },
    slots: instance.slots,
    endpoint: instance.endpoint,
    image: instance.image,
    runtime_version: instance.runtimeVersion,
    started_unix_ms: BigInt(instance.startedAt),
  });

/** Canonical proto3 JSON. */
async function registrationToJson(bytes: Uint8Array): Promise<unknown> {
  const { response } = await loadContract(contractOf(Registration, Registration));
  return JSON.parse(Buffer.concat(response.toJson(bytes)).toString());
}
