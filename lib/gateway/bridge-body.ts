import type { IncomingMessage } from 'node:http';
import { bodyTooLarge } from '#api';
import { MAX_PAYLOAD_BYTES } from '#core';

/** The client has disconnected. */
export class CallerGoneError extends Error {
  override readonly name = 'CallerGoneError';
}

/** Whether Content-Length is above the limit. */
export const declaresTooMuch = ({ headers }: IncomingMessage): boolean =>
  Number(headers['content-length'] ?? 0) > MAX_PAYLOAD_BYTES;

/**
 * Reads the whole body. Rejects with `body_too_large` when the limit is exceeded, without reading the rest, and with
 * `CallerGoneError` when the connection ends first.
 */
export function readBody(request: IncomingMessage): Promise<Uint8Array> {
  if (declaresTooMuch(request)) return Promise.reject(bodyTooLarge());
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
  const gone = (): void => reject(new CallerGoneError());
  request.on('data', keep);
  request.once('end', () => {
    request.off('close', gone);
    resolve(Buffer.concat(chunks));
  });
  request.once('error', gone);
  request.once('close', gone);
  return promise;
}

/** How much of a refused body is read, so that the client can read the response. */
const MAX_DRAINED_BYTES = 4 * MAX_PAYLOAD_BYTES;
const MAX_DRAIN_MS = 3000;

/** Discards the rest of a body. Closing a connection with unread bytes resets it, which may overtake the response. */
export function drain(request: IncomingMessage): Promise<void> {
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
