import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { namedProblem, type ProxyResult, problemResponse, sendProblem } from '#api';
import { type Logger, ModelyardError } from '#core';
import { refuseConnection, sendAnswer } from './bridge-answer.ts';
import { CallerGoneError, declaresTooMuch } from './bridge-body.ts';

/** Times in milliseconds. */
export interface BridgeLimits {
  /** For a handler to answer. */
  readonly integrationMs: number;
  /** For the head of a request to arrive. */
  readonly headersMs: number;
  /** For a whole request to arrive. */
  readonly requestMs: number;
  /** For requests in hand to finish once the server is closed. */
  readonly graceMs: number;
}

/** A server of its own address. */
export interface HttpServer {
  /** Rejects with the error of `net.Server` when the address cannot be had: `EADDRINUSE`, `EACCES`. */
  listen(port: number, host: string): Promise<{ readonly port: number; readonly url: string }>;
  /**
   * Takes no more connections and resolves when the last request in hand is answered. Waits longer than
   * `graceMs` are ended early, and what is left a second later is cut off. Twice is harmless.
   */
  close(): Promise<void>;
}

/** One request and the answer to it. */
export interface Exchange {
  readonly requestId: string;
  /** Undecoded, without the query. */
  readonly path: string;
  /** What follows `?`, undecoded. */
  readonly query: string;
  /** Aborts when nobody waits for the answer any more, or the server must stop. */
  readonly wait: AbortController;
}

interface BridgeServerOptions {
  /** What it rejects with is answered as a problem. */
  readonly answer: (request: IncomingMessage, exchange: Exchange) => Promise<ProxyResult>;
  readonly logger: Logger;
  readonly limits: BridgeLimits;
}

/** What API Gateway takes, all headers together. */
const MAX_HEADER_BYTES = 10_240;
/** Many more than any client sends; node:http would drop those beyond its own limit without a word. */
const MAX_HEADERS = 200;
/** Between the end of grace and the end of connections. */
const CUT_OFF_MS = 1000;
/**
 * Connections that wait for a busy process, which takes one for each turn of its loop. The system drops what comes
 * beyond them, and its callers try again after seconds; Node's own limit is 511.
 */
const MAX_WAITING_CONNECTIONS = 4096;
/** A connection on which nothing moves for this long is dropped; longer than any handler may take. */
const STALLED_MS = 60_000;

/** The node:http side of the bridge: connections, time limits and an orderly end. */
export class BridgeServer implements HttpServer {
  readonly #options: BridgeServerOptions;
  readonly #server: Server;
  /** Connections that have not asked for anything yet. */
  readonly #silent = new Set<Socket>();
  /** Connections with half an answer on them, which nothing may get into. */
  readonly #answering = new Set<Duplex>();
  /** Of the requests in hand. */
  readonly #waits = new Set<AbortController>();
  #isGraceOver = false;
  #closed: Promise<void> | undefined;

  constructor(options: BridgeServerOptions) {
    this.#options = options;
    const { headersMs, requestMs } = options.limits;
    this.#server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(1000, headersMs),
    });
    this.#server.maxHeadersCount = MAX_HEADERS + 1;
    this.#server.setTimeout(STALLED_MS);
    this.#server.on('request', (request, response) => this.#handle(request, response));
    this.#server.on('checkContinue', (request, response) => {
      if (!declaresTooMuch(request)) response.writeContinue();
      this.#handle(request, response);
    });
    this.#server.on('clientError', (error, socket) => {
      if (this.#answering.has(socket)) socket.destroy();
      else refuseConnection(error, socket, randomUUID());
    });
    this.#server.on('connection', (socket) => this.#watch(socket));
  }

  async listen(port: number, host: string): Promise<{ readonly port: number; readonly url: string }> {
    this.#server.listen({ port, host, backlog: MAX_WAITING_CONNECTIONS });
    await once(this.#server, 'listening');
    const { port: actual } = this.#server.address() as AddressInfo;
    return { port: actual, url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}` };
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    const done = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // Connections opened ahead of a request that never came count as busy for node:http.
    for (const socket of this.#silent) if (socket.bytesRead === 0) socket.destroy();
    const { graceMs } = this.#options.limits;
    const ending = setTimeout(() => this.#endWaits(), graceMs);
    const cutting = setTimeout(() => this.#server.closeAllConnections(), graceMs + CUT_OFF_MS);
    await done;
    clearTimeout(ending);
    clearTimeout(cutting);
  }

  #endWaits(): void {
    this.#isGraceOver = true;
    for (const wait of this.#waits) wait.abort();
  }

  #watch(socket: Socket): void {
    this.#silent.add(socket);
    socket.once('close', () => {
      this.#silent.delete(socket);
      this.#answering.delete(socket);
    });
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    this.#silent.delete(request.socket);
    // One of its own per request: `AbortSignal.any` with one that lives as long as the server costs more than all else.
    const wait = new AbortController();
    if (this.#isGraceOver) wait.abort();
    this.#waits.add(wait);
    response.once('close', () => {
      this.#waits.delete(wait);
      // Every connection closes in the end; only one that closes early leaves nobody to answer. A handler that
      // answers that its time is up may still be at work.
      if (!response.writableFinished || response.statusCode === 504) wait.abort();
    });
    const exchange = { ...splitTarget(request.url), requestId: randomUUID(), wait };
    this.#exchange(request, response, exchange).catch((error: unknown) => {
      this.#options.logger.error('An answer could not be sent.', { requestId: exchange.requestId, error });
      response.destroy();
    });
  }

  async #exchange(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void> {
    const startedAt = performance.now();
    const result = await this.#answer(request, exchange);
    if (!result) return;
    const { requestId } = exchange;
    this.#log(request, exchange, { status: result.statusCode, ms: Math.round(performance.now() - startedAt) });
    if (this.#closed) response.shouldKeepAlive = false;
    this.#answering.add(request.socket);
    await sendAnswer(request, response, { ...result, headers: { 'X-Request-Id': requestId, ...result.headers } });
    this.#answering.delete(request.socket);
  }

  /** Undefined when nobody is there any more to be answered. */
  async #answer(request: IncomingMessage, exchange: Exchange): Promise<ProxyResult | undefined> {
    if (request.rawHeaders.length > 2 * MAX_HEADERS) return tooManyHeaders(exchange.path);
    try {
      return await this.#options.answer(request, exchange);
    } catch (error) {
      if (error instanceof CallerGoneError) return undefined;
      const { requestId, path } = exchange;
      if (!(error instanceof ModelyardError)) {
        this.#options.logger.error('The gateway failed.', { requestId, path, error });
      }
      return problemResponse(error, path);
    }
  }

  #log({ method }: IncomingMessage, { path, requestId }: Exchange, answer: LoggedAnswer): void {
    const line = `${method} ${path} ${answer.status}`;
    const isProbe = path === '/healthz' || path === '/readyz';
    if (isProbe) this.#options.logger.debug(line, { requestId, ...answer });
    else this.#options.logger.info(line, { requestId, ...answer });
  }
}

const tooManyHeaders = (path: string): ProxyResult =>
  sendProblem(namedProblem('headers_too_large', 431, `The request has more than ${MAX_HEADERS} headers.`, path));

interface LoggedAnswer {
  readonly status: number;
  readonly ms: number;
}

/** Proxies send the whole URL where everybody else sends the path alone. */
function splitTarget(target = '/'): { readonly path: string; readonly query: string } {
  const local = target.replace(/^https?:\/\/[^/?#]*/i, '');
  const [path = '', query = ''] = splitOnce(local, '?');
  return { path: path.startsWith('/') ? path : `/${path}`, query };
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
