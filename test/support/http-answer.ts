import { type Agent, request as httpRequest } from 'node:http';

/** The fields of all answers that tests of several users read. */
interface AnswerBody {
  readonly id?: string;
  readonly access_token?: string;
  readonly key?: string;
  readonly next_cursor?: string | null;
  readonly result?: { readonly message?: string };
  readonly tasks?: readonly { readonly id: string }[];
  readonly items?: readonly { readonly id?: string; readonly task_id?: string }[];
  readonly keys?: readonly { readonly name: string }[];
  readonly calls?: readonly { readonly user_id: string; readonly request_id: string; readonly status: number }[];
}

export interface Answer {
  readonly status: number;
  readonly requestId: string;
  readonly body: AnswerBody;
}

interface Sent {
  /** An access token or an API key. */
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request, by POST when it has a body. */
export function send(agent: Agent, address: string, { token, body, headers = {} }: Sent): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const all = {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...headers,
  };
  const method = body === undefined ? 'GET' : 'POST';
  const request = httpRequest(address, { agent, method, headers: all }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        requestId: String(response.headers['x-request-id']),
        body: JSON.parse(Buffer.concat(chunks).toString() || '{}'),
      }),
    );
  });
  request.on('error', reject);
  request.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
