import { Agent, request as send } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_TRANSFER_BYTES } from '#core';
import { InvalidInput, type PredictContext } from '../../define-model.ts';

export interface HttpCall {
  readonly path: string;
  /** @default POST */
  readonly method?: 'GET' | 'PUT' | 'POST';
  readonly type?: string;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** The address of this machine from which the server was called. */
  readonly localAddress: string;
}

interface Trail extends Pick<PredictContext, 'requestId' | 'trace'> {
  readonly reportUrl: string;
}

/** Lets the log and the traces of a container continue the trail of the request, and the container report. */
export const trailHeaders = ({ requestId, trace, reportUrl }: Trail) => ({
  ...trace,
  'Report-Url': reportUrl,
  ...(requestId === undefined ? {} : { 'X-Request-Id': requestId }),
});

export const JSON_TYPE = 'application/json';
export const isOk = ({ status }: HttpAnswer): boolean => status >= 200 && status < 300;

const LOOK_MS = 100;
/** A server that accepts a question about its health and does not answer is asked again. */
const HEALTH_TIMEOUT_MS = 10_000;
/** Statuses below 500 that a later attempt may not meet again. */
const PASSING = [408, 425, 429];
const MAX_DETAIL = 300;

/** Many servers listen on one of them only. */
const LOCALHOST = ['127.0.0.1', '::1'];

/** Calls one server on connections that stay open. */
export class HttpClient {
  readonly #origin: string;
  readonly #hosts: string[];
  readonly #port: string;
  readonly #maxBytes: number;
  readonly #agent = new Agent({ keepAlive: true });

  /** `maxBytes`: of an answer. Its server is called at the address of `localhost` at which it becomes ready. */
  constructor(base: string, maxBytes = MAX_TRANSFER_BYTES) {
    const { origin, hostname, port } = new URL(base);
    this.#origin = origin;
    this.#hosts = hostname === 'localhost' ? [...LOCALHOST] : [hostname.replace(/^\[(.*)\]$/, '$1')];
    this.#port = port || '80';
    this.#maxBytes = maxBytes;
  }

  /** Rejects when there is no answer, when it is too large, and when `signal` aborts, which closes the connection. */
  async call(given: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const { path, method = 'POST', type, body } = given;
    const headers = {
      ...given.headers,
      ...(type === undefined ? {} : { 'Content-Type': type, Accept: type }),
      ...(body === undefined ? {} : { 'Content-Length': body.byteLength }),
    };
    signal.throwIfAborted();
    // Node needs a third more time for a call with a URL and a signal among its options.
    const options = { host: this.#hosts[0], port: this.#port, path, method, headers, agent: this.#agent };
    const request = send(options, (response) => {
      const chunks: Buffer[] = [];
      const { statusCode: status = 0, socket } = response;
      const { localAddress = '127.0.0.1' } = socket;
      let left = this.#maxBytes;
      response.on('data', (chunk: Buffer) => {
        left -= chunk.byteLength;
        if (left >= 0) chunks.push(chunk);
        else response.destroy(containerFailed(`The answer of the container has more than ${this.#maxBytes} bytes.`));
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status, body: joined(chunks), localAddress }));
    });
    const abort = () => request.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    request.on('close', () => signal.removeEventListener('abort', abort));
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The server had closed the connection while it was idle, so it has not read the request.
      if (error.code === 'ECONNRESET' && request.reusedSocket) resolve(this.call(given, signal));
      else reject(error);
    });
    request.end(body);
    return promise;
  }

  /** The body of an answer with a status below 300. Rejects with `InvalidInput` for 4xx, which no retry makes right. */
  async predict(call: HttpCall, signal: AbortSignal): Promise<Buffer> {
    const { status, body } = await this.#callWhenReachable(call, signal);
    if (status < 300) return body;
    const detail = detailOf(body);
    const answered = `The container answered ${status}`;
    if (status >= 400 && status < 500 && !PASSING.includes(status)) throw new InvalidInput(detail || `${answered}.`);
    throw containerFailed(detail ? `${answered}: ${detail}` : `${answered}.`);
  }

  /**
   * Resolves with the first answer of which `isReady` is true. Calls back with each reason why there was none, once.
   * Rejects when `signal` aborts.
   */
  async untilReady(
    path: string,
    isReady: (answer: HttpAnswer) => boolean,
    { signal, onWaiting }: { readonly signal: AbortSignal; readonly onWaiting?: (reason: string) => void },
  ): Promise<HttpAnswer> {
    const reasons = new Set<string>();
    for (;;) {
      signal.throwIfAborted();
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(HEALTH_TIMEOUT_MS)]);
      const answer = await this.call({ path, method: 'GET' }, inTime).catch((error: Error) => error);
      if (!(answer instanceof Error) && isReady(answer)) return answer;
      const why = answer instanceof Error ? `has no answer: ${answer.message}` : `answers ${answer.status}`;
      const reason = `GET ${this.#origin}${path} ${why}`;
      if (!reasons.has(reason)) onWaiting?.(reason);
      reasons.add(reason);
      if (answer instanceof Error) this.#hosts.push(...this.#hosts.splice(0, 1));
      await sleep(LOOK_MS, undefined, { signal });
    }
  }

  /** A container that starts again refuses connections; until the run's end, it is asked again. */
  async #callWhenReachable(call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
    for (;;) {
      try {
        return await this.call(call, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw failed(error, signal);
        await sleep(LOOK_MS, undefined, { signal });
      }
    }
  }
}

const joined = (chunks: readonly Buffer[]): Buffer => (chunks.length === 1 && chunks[0]) || Buffer.concat(chunks);

function failed(error: unknown, signal: AbortSignal): Error {
  if (signal.aborted) return signal.reason as Error;
  if ((error as NodeJS.ErrnoException).code === FAILED) return error as Error;
  const reason = error instanceof Error ? error.message : String(error);
  return containerFailed(`The container gave no answer: ${reason}`, error);
}

const FAILED = 'container_failed';

/** An error that is retried. */
export const containerFailed = (message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, { cause }), { code: FAILED });

/** The error text of a server: a usual field of a JSON body, or the beginning of the body. */
function detailOf(body: Buffer): string {
  const text = body.toString('utf8').trim();
  try {
    const { detail, error, message, error_message: other } = JSON.parse(text) as Record<string, unknown>;
    const found = detail ?? message ?? error ?? other;
    return (typeof found === 'string' ? found : (JSON.stringify(found) ?? text)).slice(0, MAX_DETAIL);
  } catch {
    return text.slice(0, MAX_DETAIL);
  }
}

/** The JSON object of an answer. Throws an error that is retried. */
export function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  const value = parse(body);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw containerFailed('The container did not answer with a JSON object.');
}

/** The JSON of an answer. Throws an error that is retried. */
export function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch (cause) {
    throw containerFailed('The container did not answer with JSON.', cause);
  }
}
