import { once } from 'node:events';
import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
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
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });

  async function forward(
    headers: IncomingHttpHeaders,
    body: string,
    operation: string,
  ): Promise<Pick<ShimmedCall, 'status' | 'output'>> {
    const [prefix] = String(headers['x-amz-target']).split('.');
    const asked = request(target, {
      method: 'POST',
      agent,
      headers: {
        'content-type': String(headers['content-type']),
        authorization: String(headers.authorization),
        'x-amz-date': String(headers['x-amz-date']),
        'x-amz-target': `${prefix}.${operation}`,
      },
    });
    asked.end(body);
    try {
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      return { status: response.statusCode ?? 500, output: (await json(response)) as Record<string, unknown> };
    } catch (error) {
      // Recovery: the service has closed an idle connection before it saw the call.
      if (asked.reusedSocket) return forward(headers, body, operation);
      throw error;
    }
  }

  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const operation = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
    const { status, output } = await forward(incoming.headers, body, operation);
    const ask = async (other: string, input: Record<string, unknown>) =>
      (await forward(incoming.headers, JSON.stringify(input), other)).output;
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
