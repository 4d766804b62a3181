import type { S3Client } from '@aws-sdk/client-s3';
import type { BlobStore } from '#core';
import { translated } from '../errors.ts';

interface S3BlobStoreOptions {
  /** Called for the first blob. */
  readonly client: () => Promise<S3Client>;
  readonly bucket: string;
}

/** Stores blobs as S3 objects. The lifecycle rule of the bucket expires them. */
export class S3BlobStore implements BlobStore {
  readonly #options: S3BlobStoreOptions;

  constructor(options: S3BlobStoreOptions) {
    this.#options = options;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await translated('store_unavailable', async () => {
      const [client, { PutObjectCommand }] = await this.#load();
      const { bucket } = this.#options;
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, Metadata: { key } }));
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return translated('store_unavailable', async () => {
      const [client, { GetObjectCommand, NoSuchKey }] = await this.#load();
      try {
        const { Body, Metadata } = await client.send(new GetObjectCommand({ Bucket: this.#options.bucket, Key: key }));
        // Objects of earlier builds have no key in their metadata.
        const found = Metadata?.key ?? key;
        if (found !== key) throw new Error(`S3 returned ${found} instead of ${key}`);
        return await Body?.transformToByteArray();
      } catch (error) {
        if (error instanceof NoSuchKey || isUnlisted(error)) return undefined;
        throw error;
      }
    });
  }

  /** Imported dynamically: most Lambdas use no blobs and start faster without this SDK. */
  #load() {
    return Promise.all([this.#options.client(), import('@aws-sdk/client-s3')]);
  }
}

/** Without permission to list the bucket, S3 answers 403 for a missing object. The stack grants it to no role. */
const isUnlisted = (error: unknown): boolean => error instanceof Error && error.name === 'AccessDenied';
