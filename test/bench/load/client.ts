import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';

/** What came back: its body where that is a JSON object, whatever its media type. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** Whole seconds. */
  readonly retryAfter: number | undefined;
}

export interface Ask {
  readonly method: 'GET' | 'POST';
  /** From the base on, with its slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** Speaks to one API over as many connections as there are requests under way. */
export interface Client extends Disposable {
  /** Rejects with the error of the connection, or with an AbortError. */
  ask(ask: Ask): Promise<Answer>;
}

const IDLE_MS = 60_000;

/** By node:http, which costs the caller half of what `fetch` does: both often share the machine. */
export function createClient(url: string, headers: Readonly<Record<string, string>>): Client {
  const { Agent, request } = url.startsWith('https:') ? https : http;
  // With a limit of its own, the agent heeds the server's, and lets go of an idle connection before the server does.
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
    // Recovery: a proxy in between may answer in HTML; the status says enough.
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

/** What broke a request, in words. */
export function wordsFor(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return IN_WORDS[code] ?? (code || error.message);
}
