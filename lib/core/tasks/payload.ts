import { ModelyardError } from '../errors.ts';

/**
 * Encoded protobuf bytes: inline, or a reference to the blob store if they are too large for a queue message or a row.
 */
export type Payload =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly key: string; readonly size: number };

/** Larger payloads are stored as blobs. Base64 of this size fits a 256 KiB message, and a row stays below 400 KB. */
export const MAX_INLINE_BYTES = 128 * 1024;

/** Maximum size of a request or result in protobuf bytes. The limit of API Gateway. */
export const MAX_PAYLOAD_BYTES = 10 * 1024 * 1024;

/** Stores large payloads. Keys are `/`-separated and URL-safe. Blobs expire with their tasks. */
export interface BlobStore {
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Undefined if there is no such blob or it has expired. Rejects with `store_unavailable`. */
  get(key: string): Promise<Uint8Array | undefined>;
}

/** Stores bytes above `MAX_INLINE_BYTES` under `key`. */
export async function storePayload(blobs: BlobStore, key: string, bytes: Uint8Array): Promise<Payload> {
  if (bytes.byteLength <= MAX_INLINE_BYTES) return { kind: 'inline', bytes };
  await blobs.put(key, bytes);
  return { kind: 'blob', key, size: bytes.byteLength };
}

/** Rejects with `store_unavailable`; the error is not retryable if the blob has expired. */
export async function loadPayload(blobs: BlobStore, payload: Payload): Promise<Uint8Array> {
  if (payload.kind === 'inline') return payload.bytes;
  const bytes = await blobs.get(payload.key);
  if (!bytes) throw new ModelyardError('store_unavailable', 'The payload of this task has expired.');
  return bytes;
}
