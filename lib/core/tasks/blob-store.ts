/** Payloads too large to travel. Keys are `/`-separated and URL-safe; blobs expire with the tasks they belong to. */
export interface BlobStore {
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Undefined when there is no such blob, or it has expired. Rejects with `store_unavailable`. */
  get(key: string): Promise<Uint8Array | undefined>;
}
