import { type EventEmitter, once } from 'node:events';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { bodyTooLarge, NO_SNIFFING, namedProblem, type ProxyResult, sendProblem } from '#api';
import { MAX_PAYLOAD_BYTES } from '#core';

/**
 * Sends a handler's response. Closes the connection if the request body was not read completely, because the next
 * request could not be found in the stream.
 */
export async function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: ProxyResult) {
  if (response.destroyed || response.headersSent) return;
  if (answer.stream) return sendStream(request, response, { ...answer, stream: answer.stream });
  const pieces = answer.pieces ?? [answer.isBase64Encoded ? Buffer.from(answer.body, 'base64') : answer.body];
  const bodyless = answer.statusCode === 204 || answer.statusCode === 304;
  const unread = !request.complete;
  const headers: Record<string, string | number> = { ...answer.headers };
  if (!bodyless) headers['Content-Length'] = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
  if (unread) headers.Connection = 'close';
  response.writeHead(answer.statusCode, headers);
  const sent = bodyless || request.method === 'HEAD' ? [] : pieces.filter((piece) => piece.length > 0);
  // Sends head and body in one write, unless the client must receive the response before it stops sending.
  const last = unread ? undefined : sent.at(-1);
  for (const piece of last === undefined ? sent : sent.slice(0, -1)) response.write(piece);
  if (unread) await drain(request);
  response.end(last);
}

/** Sends a stream piece by piece, as fast as the client reads it. */
async function sendStream(
  { method }: IncomingMessage,
  response: ServerResponse,
  { statusCode, headers, stream }: ProxyResult & { readonly stream: AsyncGenerator<string | Uint8Array> },
): Promise<void> {
  response.writeHead(statusCode, headers);
  // Once for all pieces: each wait for an event adds listeners.
  const gone = once(response, 'close').catch(() => undefined);
  try {
    // A stream that never began would not run its end.
    if (method === 'HEAD') return void (await stream.next());
    for await (const piece of stream) {
      if (response.destroyed) return;
      if (!response.write(piece)) await Promise.race([once(response, 'drain'), gone]);
    }
  } finally {
    await stream.return(undefined);
    response.end();
  }
}

/** Node reads and discards a body of at most this size after a refusal, so that the connection stays usable. */
const MAX_DUMPED_BYTES = 64 * 1024;

/** Sends a small response without reading the body. A new connection would cost more than a small body. */
export function sendRefusal(request: IncomingMessage, response: ServerResponse, refusal: ProxyResult): void {
  const { 'content-length': length = '0', 'transfer-encoding': encoding, expect } = request.headers;
  if (encoding !== undefined || expect !== undefined || Number(length) > MAX_DUMPED_BYTES) {
    // Never rejects: a response that cannot be sent ends with its connection.
    void sendAnswer(request, response, refusal);
    return;
  }
  response.writeHead(refusal.statusCode, { ...refusal.headers, 'Content-Length': Buffer.byteLength(refusal.body) });
  response.end(request.method === 'HEAD' ? undefined : refusal.body);
}

/** Whether a value is a valid response. */
export function isProxyResult(answer: unknown): answer is ProxyResult {
  if (typeof answer !== 'object' || answer === null) return false;
  const { statusCode, body, headers } = answer as Partial<Record<keyof ProxyResult, unknown>>;
  const isStatus = Number.isInteger(statusCode) && Number(statusCode) >= 200 && Number(statusCode) <= 599;
  return isStatus && typeof body === 'string' && typeof headers === 'object' && headers !== null;
}

interface TransportError extends Error {
  readonly code?: string;
}

/** Time for a refused client to read the response. */
const HANG_UP_MS = 1000;

/** Answers malformed, slow or too large requests, then closes the connection. */
export function refuseConnection(error: TransportError, socket: Duplex, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { statusCode, headers, body } = sendProblem(transportProblem(error.code), {
    ...NO_SNIFFING,
    'X-Request-Id': requestId,
  });
  const head = Object.entries({ ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
  const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${lines}\r\n${body}`);
  const timer = setTimeout(() => socket.destroy(), HANG_UP_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}

function transportProblem(code: string | undefined) {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return namedProblem('headers_too_large', 431, 'The headers of the request are too large.', '/');
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return namedProblem('request_timeout', 408, 'The request took too long to arrive.', '/');
  }
  return namedProblem('unreadable_request', 400, 'The HTTP request is malformed.', '/');
}

/** The client has disconnected. */
export class ClientDisconnectedError extends Error {
  override readonly name = 'ClientDisconnectedError';
}

/** Whether Content-Length is above the limit. */
export const declaresTooMuch = ({ headers }: IncomingMessage): boolean =>
  Number(headers['content-length'] ?? 0) > MAX_PAYLOAD_BYTES;

/**
 * Reads the whole body. Rejects with `body_too_large` when the limit is exceeded, without reading the rest, and with
 * `ClientDisconnectedError` when the connection ends first.
 */
export function readBody(request: IncomingMessage): Promise<Uint8Array> {
  if (declaresTooMuch(request)) return Promise.reject(bodyTooLarge());
  // Its events have passed while its caller was identified.
  if (request.destroyed) return Promise.reject(new ClientDisconnectedError());
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let size = 0;
  const keep = (chunk: Buffer): void => {
    size += chunk.byteLength;
    if (size <= MAX_PAYLOAD_BYTES) {
      chunks.push(chunk);
      return;
    }
    request.pause();
    request.off('data', keep);
    chunks.length = 0;
    reject(bodyTooLarge());
  };
  const gone = (): void => reject(new ClientDisconnectedError());
  request.on('data', keep);
  request.once('end', () => {
    request.off('close', gone);
    resolve(Buffer.concat(chunks));
  });
  request.once('error', gone);
  request.once('close', gone);
  return promise;
}

/** As node:http does with `requestTimeout`, which cannot be set for one request. */
export function limitTime(request: IncomingMessage, ms: number, server: EventEmitter): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (length === undefined && encoding === undefined) return;
  const timer = setTimeout(() => {
    if (!request.complete) endLate(request, server);
  }, ms).unref();
  for (const event of ['end', 'close'] as const) request.once(event, () => clearTimeout(timer));
}

function endLate({ socket }: IncomingMessage, server: EventEmitter): void {
  const error = Object.assign(new Error('The request is late.'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  server.emit('clientError', error, socket);
}

/** A slower transfer would keep one of few places for hours. */
const MIN_PACE_BYTES = 2 ** 20;

/** Ends a transfer that moves less than 1 MiB in this time while it depends on the client. */
export function limitPace(request: IncomingMessage, response: ServerResponse, ms: number, server: EventEmitter): void {
  const { socket } = request;
  const moved = () => socket.bytesRead + socket.bytesWritten;
  let before = moved();
  const timer = setInterval(() => {
    const isMoving = !request.complete || response.headersSent;
    if (isMoving && moved() - before < MIN_PACE_BYTES) endLate(request, server);
    before = moved();
  }, ms).unref();
  response.once('close', () => clearInterval(timer));
}

/** How much of a refused body is read, so that the client can read the response. */
const MAX_DRAINED_BYTES = 4 * MAX_PAYLOAD_BYTES;
const MAX_DRAIN_MS = 3000;

/** Discards the rest of a body. Closing a connection with unread bytes resets it, which may overtake the response. */
function drain(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, MAX_DRAIN_MS);
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.byteLength;
    if (size > MAX_DRAINED_BYTES) resolve();
  });
  for (const event of ['end', 'error', 'close'] as const) request.once(event, () => resolve());
  request.resume();
  return promise.finally(() => clearTimeout(timer));
}
