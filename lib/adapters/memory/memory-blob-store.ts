import type { BlobStore } from '#core';

/** The reference implementation of the port. Its blobs last as long as the process. */
export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, Uint8Array>();

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.#blobs.set(key, bytes.slice());
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#blobs.get(key)?.slice();
  }
}
