import { ModelyardError } from '../errors.ts';
import type { BlobStore } from './blob-store.ts';
import { MAX_INLINE_BYTES, type Payload } from './payload.ts';

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
