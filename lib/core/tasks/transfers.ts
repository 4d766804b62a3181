import { createHash } from 'node:crypto';
import { ModelyardError } from '../errors.ts';
import type { Payload } from './payload.ts';

/**
 * Requests above this are uploaded, and results above it are downloaded. Less than Lambda accepts, as text or base64.
 */
export const MAX_CALL_BYTES = 4 * 2 ** 20;
/** Maximum size of an uploaded request and of a downloaded result. */
export const MAX_TRANSFER_BYTES = 2 ** 30;
/** Maximum size of JSON that is uploaded or downloaded. It is converted on the thread that renews the leases. */
export const MAX_TRANSFER_JSON_BYTES = 64 * 2 ** 20;
/** How long an address can be used. A transfer that has begun may take longer. */
export const TRANSFER_SECONDS = 15 * 60;

/** Ends the keys of requests that were uploaded as JSON. The instance converts them. */
export const JSON_SUFFIX = '.json';
/** Ends the keys of results that are read by a link. Their JSON is beside them, with `JSON_SUFFIX`. */
export const LINKED_SUFFIX = '.large';
/** Ends the keys of results that are read by a link and are too large for JSON. */
const BINARY_SUFFIX = '.binary';

/** Where to send or to get bytes, without any other proof of who asks. */
export interface TransferAddress {
  readonly method: 'PUT' | 'GET';
  /** Absolute, or a path of the API. */
  readonly url: string;
  /** Must be sent with the request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: number;
}

/** What exactly may be uploaded. */
export interface ExpectedBytes {
  readonly size: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** Moves large payloads past the handlers, under keys of the blob store. Rejects with `store_unavailable`. */
export interface Transfers {
  /** Other bytes than the expected ones are refused by whoever receives them. */
  addressToPut(key: string, expected: ExpectedBytes): Promise<TransferAddress>;
  addressToGet(key: string, answer: { readonly type: string; readonly fileName: string }): Promise<TransferAddress>;
  /** Undefined if nothing has been uploaded. */
  sizeOf(key: string): Promise<number | undefined>;
}

/** Blobs that are never in memory as a whole. `BlobStore` reads and writes the same ones. */
export interface BlobStreams {
  /** Stores all pieces, or nothing when they throw. */
  write(key: string, pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** Undefined if there is no such blob. */
  read(key: string): Promise<BlobStream | undefined>;
  sizeOf(key: string): Promise<number | undefined>;
}

/** A blob piece by piece. */
export interface BlobStream {
  /** In bytes. */
  readonly size: number;
  readonly pieces: AsyncGenerator<Uint8Array>;
}

/** A blob that is in memory already. */
export function inOnePiece(bytes: Uint8Array): BlobStream {
  async function* onePiece() {
    yield bytes;
  }
  return { size: bytes.byteLength, pieces: onePiece() };
}

/** A blob on its way to a client. */
export interface Download extends BlobStream {
  readonly type: string;
  readonly fileName: string;
}

/** The other end of the addresses that a gateway gives. */
export interface TransferEdge {
  /** Rejects with `resource_not_found`, `body_too_large` and `invalid_input`. */
  receive(token: string, pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** Rejects with `resource_not_found`. */
  send(token: string): Promise<Download>;
}

/** The paths of addresses, up to the token. */
export const TRANSFER_PATH = '/transfers/';

/** The key of the request of a task: that of `submitTask`, so that erasing a user finds it. */
export const uploadKey = (taskId: string, sha256: string, isJson: boolean): string =>
  `requests/${taskId}/${sha256.slice(0, 16)}${isJson ? JSON_SUFFIX : ''}`;

export const isJsonUpload = (payload: Payload): boolean =>
  payload.kind === 'blob' && payload.key.startsWith('requests/') && payload.key.endsWith(JSON_SUFFIX);

/** The end of the key of a result. `jsonBytes` is undefined when it is too large for JSON. */
export function resultSuffix(size: number, jsonBytes: number | undefined): '' | '.large' | '.binary' {
  if (jsonBytes === undefined) return BINARY_SUFFIX;
  return size > MAX_CALL_BYTES || jsonBytes > MAX_CALL_BYTES ? LINKED_SUFFIX : '';
}

/** Passes bytes on. Throws `body_too_large` or `invalid_input` at the end of others than the expected ones. */
export async function* expectBytes(
  pieces: AsyncIterable<Uint8Array>,
  { size, sha256 }: ExpectedBytes,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let passed = 0;
  for await (const piece of pieces) {
    passed += piece.byteLength;
    if (passed > size) throw new ModelyardError('body_too_large', `The upload has more than ${size} bytes.`);
    hash.update(piece);
    yield piece;
  }
  if (passed === size && hash.digest('hex') === sha256) return;
  throw new ModelyardError('invalid_input', 'The upload is not what was announced: its size or SHA-256 differs.');
}
