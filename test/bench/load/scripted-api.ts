import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnFreePort } from '#test/support/listen.ts';

/** Answers a request, or leaves it open. */
export type Answering = (response: ServerResponse, request: IncomingMessage, index: number) => void;

/** A real HTTP server with one model, whose responses a test defines. */
export interface ScriptedApi extends AsyncDisposable {
  readonly url: string;
  /** Requests so far, for example `POST /models/model_a/tasks`, without those for the schema. */
  readonly requests: readonly IncomingMessage[];
  /** Closes all connections and the server. */
  stop(): void;
}

const EXAMPLE = { request: { data: 'example' }, response: {} };

/** `submit` and `poll` receive the number of earlier requests of their kind. */
export async function startScriptedApi(answering: {
  readonly submit?: Answering;
  readonly poll?: Answering;
  readonly schema?: unknown;
}): Promise<ScriptedApi> {
  const requests: IncomingMessage[] = [];
  const counts = { submit: 0, poll: 0 };
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/models') return json(response, 200, { models: [{ name: 'model_a' }] });
    if (request.url === '/models/model_a/schema') {
      return json(response, 200, answering.schema ?? { examples: [EXAMPLE] });
    }
    if (request.url?.endsWith('/schema')) return json(response, 404, { type: '/problems/model-not-found' });
    requests.push(request);
    const kind = request.method === 'POST' ? 'submit' : 'poll';
    const answer = answering[kind] ?? succeed;
    return answer(response, request, counts[kind]++);
  });
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  const url = await listenOnFreePort(server);
  return {
    url,
    requests,
    stop,
    async [Symbol.asyncDispose]() {
      stop();
    },
  };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  const length = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
  response.writeHead(status, { ...length, ...headers }).end(text);
}

export const succeed: Answering = (response) => json(response, 200, { id: 't', state: 'succeeded' });

/** A task in another state, with permission to poll at once. */
export const inState =
  (state: string, error?: { readonly code: string; readonly message: string }): Answering =>
  (response) =>
    json(response, 200, { id: 't', state, error: error ?? null }, { 'Retry-After': '0' });

/** A problem in the format of the API. */
export const problem =
  (status: number, name: string, detail: string): Answering =>
  (response) =>
    json(response, status, { type: `/problems/${name}`, status, detail }, { 'Retry-After': '0' });
