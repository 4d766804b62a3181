import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { namedProblem, type ProxyResult, sendProblem } from '#api';
import { drain } from './bridge-body.ts';

/**
 * Sends a handler's response. Closes the connection if the request body was not read completely, because the next
 * request could not be found in the stream.
 */
export async function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: ProxyResult) {
  if (response.destroyed || response.headersSent) return;
  const pieces = answer.pieces ?? [answer.isBase64Encoded ? Buffer.from(answer.body, 'base64') : answer.body];
  const bodyless = answer.statusCode === 204 || answer.statusCode === 304;
  const unread = !request.complete;
  const headers: Record<string, string | number> = { ...answer.headers };
  if (!bodyless) headers['Content-Length'] = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
  if (unread) headers.Connection = 'close';
  response.writeHead(answer.statusCode, headers);
  const sent = bodyless || request.method === 'HEAD' ? [] : pieces.filter((piece) => piece.length > 0);
  // Head and body in one piece, unless the sender has to see the answer before it stops sending.
  const last = unread ? undefined : sent.at(-1);
  for (const piece of last === undefined ? sent : sent.slice(0, -1)) response.write(piece);
  if (unread) await drain(request);
  response.end(last);
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
  const { statusCode, headers, body } = sendProblem(transportProblem(error.code), { 'X-Request-Id': requestId });
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
  return namedProblem('unreadable_request', 400, 'This is not an HTTP request that can be read.', '/');
}
