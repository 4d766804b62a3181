import { type BlobStore, type BlobStreams, inOnePiece, MAX_DEADLINE_SECONDS, RETENTION_SECONDS } from '#core';
import { translated } from '../errors.ts';
import { readKey } from '../read-key.ts';
import { RedisBlobParts } from './redis-blob-parts.ts';
import type { RedisStoreOptions } from './redis-task-store.ts';
import { asBuffer, asBytes } from './task-record.ts';

/** Maximum lifetime of a task. */
const EXPIRY_SECONDS = MAX_DEADLINE_SECONDS + RETENTION_SECONDS;
/** Larger blobs are in parts. */
const MAX_STRING_BYTES = 16 * 2 ** 20;

/** Stores blobs as strings that expire. */
export class RedisBlobStore implements BlobStore {
  readonly parts: RedisBlobParts;
  readonly #options: RedisStoreOptions;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    this.parts = new RedisBlobParts({ ...options, expirySeconds: EXPIRY_SECONDS });
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength > MAX_STRING_BYTES) return this.parts.write(key, inOnePiece(bytes).pieces);
    // An empty blob is in the place of one that was erased.
    if (bytes.byteLength === 0) await this.parts.delete(key);
    await translated('store_unavailable', async () => {
      const client = await this.#options.link.bytes();
      await client.set(this.#key(key), asBuffer(bytes), { expiration: { type: 'EX', value: EXPIRY_SECONDS } });
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const whole = await this.#whole(key);
    if (whole) return whole;
    const inParts = await this.parts.read(key);
    if (!inParts) return undefined;
    // Not joined at the end: that would need twice the memory.
    const bytes = new Uint8Array(inParts.size);
    let at = 0;
    for await (const piece of inParts.pieces) {
      bytes.set(piece, at);
      at += piece.byteLength;
    }
    return bytes;
  }

  /** The same blobs, piece by piece. Uploads are in parts; what instances store may be a string. */
  get streams(): BlobStreams {
    const { parts } = this;
    return {
      write: (key, pieces) => parts.write(key, pieces),
      read: async (key) => {
        const inParts = await parts.read(key);
        if (inParts) return inParts;
        const bytes = await this.#whole(key);
        return bytes && inOnePiece(bytes);
      },
      sizeOf: async (key) => (await parts.sizeOf(key)) ?? (await this.#whole(key))?.byteLength,
    };
  }

  /** A blob that is one string. */
  #whole(key: string): Promise<Uint8Array | undefined> {
    return translated('store_unavailable', async () => {
      const reply = await readKey(this.#options.link, this.#key(key), ['GET']);
      return Buffer.isBuffer(reply) ? asBytes(reply) : undefined;
    });
  }

  #key(key: string): string {
    return `${this.#options.prefix}:blob:${key}`;
  }
}
