import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnFreePort } from '#test/support/listen.ts';

/** How a request is answered; nothing is answered unless it does. */
export type Answering = (response: ServerResponse, request: IncomingMessage, index: number) => void;

/** A real server with one model, whose tasks become what a test says. */
export interface ScriptedApi extends AsyncDisposable {
  readonly url: string;
  /** Requests so far, for example `POST /models/model_a/tasks`, without those for its schema. */
  readonly requests: readonly IncomingMessage[];
  /** Ends every connection, and takes no more. */
  stop(): void;
}

const EXAMPLE = { request: { data: 'example' }, response: {} };

/** Starts one. `submit` and `poll` are told how many of their kind came before. */
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

/** Answers with a JSON body. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** The task has succeeded. */
export const succeed: Answering = (response) => json(response, 200, { id: 't', state: 'succeeded' });

/** The task is in some other state; asking again at once is welcome. */
export const inState =
  (state: string, error?: { readonly code: string; readonly message: string }): Answering =>
  (response) =>
    json(response, 200, { id: 't', state, error: error ?? null }, { 'Retry-After': '0' });

/** A problem as this API sends it. */
export const problem =
  (status: number, name: string, detail: string): Answering =>
  (response) =>
    json(response, status, { type: `/problems/${name}`, status, detail }, { 'Retry-After': '0' });
