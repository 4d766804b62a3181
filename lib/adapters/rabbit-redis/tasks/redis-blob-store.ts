import { type BlobStore, MAX_DEADLINE_SECONDS, RETENTION_SECONDS } from '#core';
import { translated } from '../errors.ts';
import { readKey } from '../read-key.ts';
import type { RedisStoreOptions } from './redis-task-store.ts';
import { asBuffer, asBytes } from './task-record.ts';

/** Maximum lifetime of a task. */
const EXPIRY_SECONDS = MAX_DEADLINE_SECONDS + RETENTION_SECONDS;

/** Stores blobs as strings that expire. */
export class RedisBlobStore implements BlobStore {
  readonly #options: RedisStoreOptions;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    return translated('store_unavailable', async () => {
      const client = await this.#options.link.bytes();
      await client.set(this.#key(key), asBuffer(bytes), { expiration: { type: 'EX', value: EXPIRY_SECONDS } });
    });
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return translated('store_unavailable', async () => {
      const reply = await readKey(this.#options.link, this.#key(key), ['GET']);
      return Buffer.isBuffer(reply) ? asBytes(reply) : undefined;
    });
  }

  #key(key: string): string {
    return `${this.#options.prefix}:blob:${key}`;
  }
}
