import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { NO_SNIFFING, namedProblem, type ProxyResult, problemResponse, sendProblem } from '#api';
import { type Logger, ModelyardError } from '#core';
import {
  ClientDisconnectedError,
  declaresTooMuch,
  limitPace,
  limitTime,
  refuseConnection,
  sendAnswer,
  sendRefusal,
} from './bridge-answer.ts';
import { splitTarget } from './request-guard.ts';

/** Time limits in milliseconds. */
export interface BridgeLimits {
  /** Until a handler responds. */
  readonly integrationMs: number;
  /** Until the request headers are received. */
  readonly headersMs: number;
  /** Until the whole request is received. */
  readonly requestMs: number;
  /** In which a transfer must move 1 MiB. */
  readonly paceMs: number;
  /** Time for current requests after `close`. */
  readonly graceMs: number;
}

export interface HttpServer {
  /** Rejects with the error of `net.Server`: `EADDRINUSE`, `EACCES`. */
  listen(port: number, host: string): Promise<{ readonly port: number; readonly url: string }>;
  /**
   * Accepts no more connections and resolves when all current requests are answered. Ends waits after `graceMs`, and
   * closes all connections one second later. Idempotent.
   */
  close(): Promise<void>;
}

export interface Exchange {
  readonly requestId: string;
  /** Not decoded, without the query. */
  readonly path: string;
  /** After `?`, not decoded. */
  readonly query: string;
  /** Aborts when the client disconnects or the server stops. */
  readonly wait: AbortController;
}

/** The handling of a request. A refusal is sent at once and not logged. A transfer has no limit but its pace. */
export type Acceptance =
  | { readonly answer: (exchange: Exchange) => Promise<ProxyResult>; readonly isTransfer?: boolean }
  | { readonly refusal: ProxyResult };

interface BridgeServerOptions {
  /** Called before the body is read. Errors and rejections become problem responses. */
  readonly accept: (request: IncomingMessage, path: string) => Acceptance;
  /** Headers that depend on the page that asks. */
  readonly corsOf: (request: IncomingMessage, answer: ProxyResult) => Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly limits: BridgeLimits;
}

/** The limit of API Gateway for all headers. */
const MAX_HEADER_BYTES = 10_240;
/** node:http silently drops headers above its own limit. */
const MAX_HEADERS = 200;
/** Time between the end of waits and the close of all connections. */
const CUT_OFF_MS = 1000;
/**
 * The listen backlog. The system drops connections above it, and clients retry only after seconds. Node's default is
 * 511.
 */
const MAX_WAITING_CONNECTIONS = 4096;
/** Idle timeout of a connection; longer than any handler may take. */
const STALLED_MS = 60_000;

/** Connections, timeouts and shutdown of the bridge. */
export class BridgeServer implements HttpServer {
  readonly #options: BridgeServerOptions;
  readonly #server: Server;
  /** Connections without a request so far. */
  readonly #silent = new Set<Socket>();
  /** Connections with a partially sent response. */
  readonly #answering = new Set<Duplex>();
  /** Abort controllers of current requests. */
  readonly #waits = new Set<AbortController>();
  #isGraceOver = false;
  #closed: Promise<void> | undefined;

  constructor(options: BridgeServerOptions) {
    this.#options = options;
    const { headersMs } = options.limits;
    this.#server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersMs,
      ...{ requestTimeout: 0, requireHostHeader: false },
      connectionsCheckingInterval: Math.min(1000, headersMs),
    });
    this.#server.maxHeadersCount = MAX_HEADERS + 1;
    this.#server.setTimeout(STALLED_MS);
    this.#server.on('request', (request, response) => this.#handle(request, response));
    this.#server.on('checkContinue', (request, response) => {
      this.#handle(request, response, { isAsking: true });
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
    // node:http counts connections that were opened early as busy.
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

  #handle(request: IncomingMessage, response: ServerResponse, { isAsking = false } = {}): void {
    this.#silent.delete(request.socket);
    const target = splitTarget(request.url);
    const requestId = randomUUID();
    const acceptance = this.#accept(request, target.path);
    if ('refusal' in acceptance) {
      if (this.#closed) response.shouldKeepAlive = false;
      sendRefusal(request, response, this.#completed(request, acceptance.refusal, requestId));
      return;
    }
    const { isTransfer = false } = acceptance;
    if (isAsking && (isTransfer || !declaresTooMuch(request))) response.writeContinue();
    const { requestMs, paceMs } = this.#options.limits;
    if (isTransfer) limitPace(request, response, paceMs, this.#server);
    else limitTime(request, requestMs, this.#server);
    const exchange = { ...target, requestId, wait: this.#waitOf(response) };
    this.#exchange(request, response, { ...exchange, answer: acceptance.answer }).catch((error: unknown) => {
      this.#options.logger.error('A response could not be sent.', { requestId, error });
      response.destroy();
    });
  }

  #accept(request: IncomingMessage, path: string): Acceptance {
    if (request.rawHeaders.length > 2 * MAX_HEADERS) return { answer: async () => tooManyHeaders(path) };
    try {
      return this.#options.accept(request, path);
    } catch (error) {
      // Recovery: answered like a rejection.
      return { answer: () => Promise.reject(error) };
    }
  }

  #waitOf(response: ServerResponse): AbortController {
    // One controller per request: `AbortSignal.any` with a server-wide signal costs more CPU than everything else.
    const wait = new AbortController();
    if (this.#isGraceOver) wait.abort();
    this.#waits.add(wait);
    response.once('close', () => {
      this.#waits.delete(wait);
      // Aborts if the connection closes before the response is complete. After a 504 the handler may still be running.
      if (!response.writableFinished || response.statusCode === 504) wait.abort();
    });
    return wait;
  }

  async #exchange(request: IncomingMessage, response: ServerResponse, exchange: AcceptedExchange): Promise<void> {
    const startedAt = performance.now();
    const result = await this.#answer(exchange);
    if (!result) return;
    this.#log(request, exchange, { status: result.statusCode, ms: Math.round(performance.now() - startedAt) });
    if (this.#closed) response.shouldKeepAlive = false;
    this.#answering.add(request.socket);
    await sendAnswer(request, response, this.#completed(request, result, exchange.requestId));
    this.#answering.delete(request.socket);
  }

  /** Undefined when the client has disconnected. */
  async #answer({ answer, ...exchange }: AcceptedExchange): Promise<ProxyResult | undefined> {
    try {
      return await answer(exchange);
    } catch (error) {
      if (error instanceof ClientDisconnectedError) return undefined;
      const { requestId, path } = exchange;
      if (!(error instanceof ModelyardError)) {
        this.#options.logger.error('The gateway failed.', { requestId, path, error });
      }
      return problemResponse(error, path);
    }
  }

  /** With the headers of every answer. */
  #completed(request: IncomingMessage, answer: ProxyResult, requestId: string): ProxyResult {
    const cors = this.#options.corsOf(request, answer);
    return { ...answer, headers: { 'X-Request-Id': requestId, ...NO_SNIFFING, ...answer.headers, ...cors } };
  }

  #log({ method }: IncomingMessage, { path, requestId }: Exchange, answer: LoggedAnswer): void {
    const line = `${method} ${path} ${answer.status}`;
    const isProbe = path === '/healthz' || path === '/readyz';
    if (isProbe) this.#options.logger.debug(line, { requestId, ...answer });
    else this.#options.logger.info(line, { requestId, ...answer });
  }
}

interface AcceptedExchange extends Exchange {
  readonly answer: (exchange: Exchange) => Promise<ProxyResult>;
}

const tooManyHeaders = (path: string): ProxyResult =>
  sendProblem(namedProblem('headers_too_large', 431, `The request has more than ${MAX_HEADERS} headers.`, path));

interface LoggedAnswer {
  readonly status: number;
  readonly ms: number;
}
