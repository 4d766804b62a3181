import { type BlobStore, unavailable } from '#core';

/** The reference implementation of the port. Its blobs last as long as the process. */
export class MemoryBlobStore implements BlobStore {
  /** Set to false, and it is away: every call is refused until it is true again. */
  reachable = true;
  readonly #blobs = new Map<string, Uint8Array>();

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.#assertReachable();
    this.#blobs.set(key, bytes.slice());
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#assertReachable();
    return this.#blobs.get(key)?.slice();
  }

  #assertReachable(): void {
    if (!this.reachable) throw unavailable('store_unavailable', 'The blob store is away.', undefined);
  }
}
