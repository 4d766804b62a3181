import { ModelyardError } from '../errors.ts';

/**
 * Encoded protobuf bytes on their way through the system: carried along, or left in the
 * blob store when they are too large for a queue message or a table row.
 */
export type Payload =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly key: string; readonly size: number };

/** Payloads above this travel by reference. A base64 body of it still fits a 256 KiB message, a row stays under 400 KB. */
export const MAX_INLINE_BYTES = 128 * 1024;

/** The largest request or result that is accepted, in protobuf bytes: what API Gateway passes on. */
export const MAX_PAYLOAD_BYTES = 10 * 1024 * 1024;

/** Payloads too large to travel. Keys are `/`-separated and URL-safe; blobs expire with the tasks they belong to. */
export interface BlobStore {
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Undefined when there is no such blob, or it has expired. Rejects with `store_unavailable`. */
  get(key: string): Promise<Uint8Array | undefined>;
}

/** Leaves bytes that are too large to travel in the blob store under `key`, and says how to find them. */
export async function storePayload(blobs: BlobStore, key: string, bytes: Uint8Array): Promise<Payload> {
  if (bytes.byteLength <= MAX_INLINE_BYTES) return { kind: 'inline', bytes };
  await blobs.put(key, bytes);
  return { kind: 'blob', key, size: bytes.byteLength };
}

/** The bytes of a payload. Rejects with `store_unavailable`, for good when the blob has expired. */
export async function loadPayload(blobs: BlobStore, payload: Payload): Promise<Uint8Array> {
  if (payload.kind === 'inline') return payload.bytes;
  const bytes = await blobs.get(payload.key);
  if (!bytes) throw new ModelyardError('store_unavailable', 'The payload of this task is no longer kept.');
  return bytes;
}
