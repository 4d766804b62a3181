import type { S3Client } from '@aws-sdk/client-s3';
import type { BlobStore } from '#core';
import { translated } from '../errors.ts';

interface S3BlobStoreOptions {
  /** Called when the first blob is needed. */
  readonly client: () => Promise<S3Client>;
  readonly bucket: string;
}

/** Blobs as S3 objects; the bucket's lifecycle expires them. */
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
        // Objects of earlier builds do not tell their key.
        const found = Metadata?.key ?? key;
        if (found !== key) throw new Error(`S3 answered with ${found} instead of ${key}`);
        return await Body?.transformToByteArray();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    });
  }

  /** Dynamic, because most Lambdas never touch a blob and start faster without this SDK. */
  #load() {
    return Promise.all([this.#options.client(), import('@aws-sdk/client-s3')]);
  }
}
