import { randomUUID } from 'node:crypto';
import { type BlobStream, type BlobStreams, ModelyardError } from '#core';
import { translated } from '../errors.ts';
import { readKey } from '../read-key.ts';
import type { RedisStoreOptions } from './redis-task-store.ts';
import { asBuffer } from './task-record.ts';

/** Redis takes 512 MiB in a string, and blocks while it copies one. */
const PART_BYTES = 4 * 2 ** 20;
/** Until then, an upload has ended or its parts are deleted. */
const UNFINISHED_SECONDS = 3600;

/** Where the parts of a blob are. */
interface Parts {
  readonly id: string;
  readonly sizes: readonly number[];
}

interface PartsOptions extends Pick<RedisStoreOptions, 'link' | 'prefix'> {
  readonly expirySeconds: number;
}

/**
 * Blobs in several strings. The list of parts is written last and at once, so that readers see the whole blob or none,
 * and an upload that breaks does not change one that has ended.
 */
export class RedisBlobParts implements BlobStreams {
  readonly #options: PartsOptions;

  constructor(options: PartsOptions) {
    this.#options = options;
  }

  async write(key: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const id = randomUUID();
    const sizes: number[] = [];
    try {
      for await (const part of inParts(pieces)) {
        await this.#set(this.#partKey(id, sizes.length), part, UNFINISHED_SECONDS);
        sizes.push(part.byteLength);
      }
      await translated('store_unavailable', async () => {
        const client = await this.#options.link.bytes();
        await Promise.all(sizes.map((_, at) => client.expire(this.#partKey(id, at), this.#options.expirySeconds)));
      });
      await this.#set(this.#listKey(key), Buffer.from(JSON.stringify({ id, sizes })), this.#options.expirySeconds);
    } catch (error) {
      await this.#delete({ id, sizes }).catch(() => undefined);
      throw error;
    }
  }

  async read(key: string): Promise<BlobStream | undefined> {
    const parts = await this.#partsOf(key);
    return parts && { size: sizeOf(parts), pieces: this.#each(parts) };
  }

  async sizeOf(key: string): Promise<number | undefined> {
    const parts = await this.#partsOf(key);
    return parts && sizeOf(parts);
  }

  /** Deletes a blob, if it is in parts. */
  async delete(key: string): Promise<void> {
    const parts = await this.#partsOf(key);
    if (!parts) return;
    await translated('store_unavailable', async () => (await this.#options.link.bytes()).del(this.#listKey(key)));
    await this.#delete(parts);
  }

  async *#each({ id, sizes }: Parts): AsyncGenerator<Uint8Array> {
    for (const at of sizes.keys()) {
      const part = await this.#get(this.#partKey(id, at));
      if (!part || part.byteLength !== sizes[at]) {
        throw new ModelyardError('store_unavailable', 'A part of this payload has expired.');
      }
      yield part;
    }
  }

  async #partsOf(key: string): Promise<Parts | undefined> {
    const list = await this.#get(this.#listKey(key));
    return list && (JSON.parse(list.toString()) as Parts);
  }

  #get(key: string): Promise<Buffer | undefined> {
    return translated('store_unavailable', async () => {
      const reply = await readKey(this.#options.link, key, ['GET']);
      return Buffer.isBuffer(reply) ? reply : undefined;
    });
  }

  #set(key: string, bytes: Uint8Array, seconds: number): Promise<void> {
    return translated('store_unavailable', async () => {
      const client = await this.#options.link.bytes();
      await client.set(key, asBuffer(bytes), { expiration: { type: 'EX', value: seconds } });
    });
  }

  #delete({ id, sizes }: Parts): Promise<void> {
    return translated('store_unavailable', async () => {
      const keys = [...sizes.keys()].map((at) => this.#partKey(id, at));
      if (keys.length > 0) await (await this.#options.link.bytes()).del(keys);
    });
  }

  #listKey(key: string): string {
    return `${this.#options.prefix}:blob-parts:${key}`;
  }

  #partKey(id: string, at: number): string {
    return `${this.#options.prefix}:blob-part:${id}:${at}`;
  }
}

const sizeOf = ({ sizes }: Parts): number => sizes.reduce((sum, size) => sum + size, 0);

/** Pieces of any size as parts of `PART_BYTES`. */
async function* inParts(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; ) {
      const taken = piece.subarray(at, at + PART_BYTES - size);
      held.push(taken);
      size += taken.byteLength;
      at += taken.byteLength;
      if (size < PART_BYTES) continue;
      yield Buffer.concat(held, size);
      held = [];
      size = 0;
    }
  }
  if (size > 0) yield Buffer.concat(held, size);
}
