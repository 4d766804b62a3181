import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';

/** A response. `body` is undefined unless it is a JSON object. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** Whole seconds. */
  readonly retryAfter: number | undefined;
}

interface Ask {
  readonly method: 'GET' | 'POST';
  /** Relative to the base URL, with a leading slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** A client of one API with one connection per concurrent request. */
export interface Client extends Disposable {
  /** Rejects with the connection's error, or with an AbortError. */
  ask(ask: Ask): Promise<Answer>;
}

const IDLE_MS = 60_000;

/** Uses node:http, which costs half the CPU of `fetch`. Client and system often share the machine. */
export function createClient(url: string, headers: Readonly<Record<string, string>>): Client {
  const { Agent, request } = url.startsWith('https:') ? https : http;
  // With a timeout of its own, the agent also respects the server's keep-alive timeout.
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS });
  return {
    ask({ method, path, body, signal, ...more }) {
      return new Promise((resolve, reject) => {
        const sent = request(`${url}${path}`, { method, agent, signal, headers: { ...headers, ...more.headers } });
        sent.once('error', reject);
        sent.once('response', (response) => {
          text(response).then((content) => resolve(answerOf(response, content)), reject);
        });
        sent.end(body);
      });
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function answerOf({ statusCode = 0, headers }: http.IncomingMessage, content: string): Answer {
  const retryAfter = Number(headers['retry-after']);
  return { status: statusCode, body: objectIn(content), retryAfter: retryAfter >= 0 ? retryAfter : undefined };
}

function objectIn(content: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    // Recovery: a proxy may answer with HTML; the status is enough.
    return undefined;
  }
}

const IN_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ENOTFOUND: 'unknown host',
  EAI_AGAIN: 'unknown host',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'host unreachable',
  EMFILE: 'out of file handles here',
  EADDRNOTAVAIL: 'out of ports here',
};

/** A short description of a connection error. */
export function wordsFor(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return IN_WORDS[code] ?? (code || error.message);
}
