import { createServer, type IncomingHttpHeaders } from 'node:http';
import { listenOnFreePort } from './listen.ts';

/** One call of an AWS JSON service, and its response. */
export interface ShimmedCall {
  /** For example `DeleteMessageBatch`. */
  readonly operation: string;
  readonly input: Record<string, unknown>;
  readonly status: number;
  readonly output: Record<string, unknown>;
  /** Sends another call to the service, with the same credentials. */
  ask(operation: string, input: Record<string, unknown>): Promise<Record<string, unknown>>;
}

export interface AwsShim {
  readonly url: string;
  close(): Promise<void>;
}

/** Replaces the service's response. */
interface ShimAnswer {
  /** @default the status of the service's response */
  readonly status?: number;
  readonly output: Record<string, unknown>;
}

/** Called after the service has answered. Undefined keeps the service's response. */
export type ShimRule = (call: ShimmedCall) => Promise<ShimAnswer | undefined>;

/** Starts a proxy in front of an AWS JSON service. */
export async function startAwsShim(target: string, rule: ShimRule): Promise<AwsShim> {
  async function forward(headers: IncomingHttpHeaders, body: string, operation: string) {
    const [prefix] = String(headers['x-amz-target']).split('.');
    const response = await fetch(target, {
      method: 'POST',
      headers: {
        'content-type': String(headers['content-type']),
        authorization: String(headers.authorization),
        'x-amz-date': String(headers['x-amz-date']),
        'x-amz-target': `${prefix}.${operation}`,
      },
      body,
    });
    return { status: response.status, output: (await response.json()) as Record<string, unknown> };
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const { status, output } = await forward(request.headers, body, operation);
    const ask = async (other: string, input: Record<string, unknown>) =>
      (await forward(request.headers, JSON.stringify(input), other)).output;
    const answer = await rule({ operation, input: JSON.parse(body), status, output, ask });
    response.writeHead(answer?.status ?? status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(answer?.output ?? output));
  });
  const url = await listenOnFreePort(server);
  return {
    url,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
