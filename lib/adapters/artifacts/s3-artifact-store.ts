import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { type Artifact, type ArtifactStore, isArtifactHash, ModelyardError, unavailable } from '#core';
import { FileArtifactStore } from './file-artifact-store.ts';

export interface S3ArtifactStoreOptions {
  readonly bucket: string;
  /** First part of all keys, for example `artifacts/`. */
  readonly prefix: string;
  /** A local folder for copies, which DuckDB reads. */
  readonly cacheFolder: string;
  /** Of an emulator. @default that of the region */
  readonly endpoint?: string;
  /** @default as the SDK finds them */
  readonly connection?: Pick<S3ClientConfig, 'region' | 'credentials'>;
}

/** Artifacts as objects of an S3 bucket, with local copies. */
export class S3ArtifactStore implements ArtifactStore {
  readonly #client: S3Client;
  readonly #options: S3ArtifactStoreOptions;
  readonly #copies: FileArtifactStore;

  constructor(options: S3ArtifactStoreOptions) {
    const { endpoint, cacheFolder, connection } = options;
    this.#options = options;
    this.#client = new S3Client({
      ...connection,
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    });
    this.#copies = new FileArtifactStore(cacheFolder);
  }

  async put(bytes: Uint8Array): Promise<Artifact> {
    const artifact = await this.#copies.put(bytes);
    await this.#upload(artifact);
    return artifact;
  }

  async putFile(path: string): Promise<Artifact> {
    const artifact = await this.#copies.putFile(path);
    await this.#upload(artifact);
    return artifact;
  }

  async read(hash: string): Promise<Uint8Array> {
    return readFile(await this.fileOf(hash));
  }

  async fileOf(hash: string): Promise<string> {
    const known = await this.#copies.fileOf(hash).catch(() => undefined);
    if (known !== undefined) return known;
    if (!isArtifactHash(hash)) throw unknown(hash);
    const copy = await this.#download(this.#keyOf(hash), hash);
    try {
      const artifact = await this.#copies.putFile(copy);
      if (artifact.hash !== hash) throw new ModelyardError('internal', `The object of artifact ${hash} was changed.`);
    } finally {
      await rm(copy, { force: true });
    }
    return this.#copies.fileOf(hash);
  }

  async take(key: string): Promise<Artifact> {
    const copy = await this.#download(`${this.#options.prefix}inbox/${key}`, key);
    try {
      return await this.putFile(copy);
    } finally {
      await rm(copy, { force: true });
    }
  }

  async delete(hash: string): Promise<void> {
    await this.#copies.delete(hash);
    if (!isArtifactHash(hash)) return;
    const object = { Bucket: this.#options.bucket, Key: this.#keyOf(hash) };
    await this.#calling(() => this.#client.send(new DeleteObjectCommand(object)));
  }

  async #upload({ hash, size }: Artifact): Promise<void> {
    const object = { Bucket: this.#options.bucket, Key: this.#keyOf(hash) };
    const isThere = await this.#client.send(new HeadObjectCommand(object)).then(
      ({ ContentLength }) => ContentLength === size,
      () => false,
    );
    if (isThere) return;
    const path = await this.#copies.fileOf(hash);
    const body = { Body: createReadStream(path), ContentLength: size };
    await this.#calling(() => this.#client.send(new PutObjectCommand({ ...object, ...body })));
  }

  /** The path of a temporary file. */
  async #download(key: string, name: string): Promise<string> {
    const path = join(this.#options.cacheFolder, 'downloads', randomUUID());
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const { bucket: Bucket } = this.#options;
    const found = await this.#calling(async () => {
      try {
        return await this.#client.send(new GetObjectCommand({ Bucket, Key: key }));
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchKey') throw unknown(name);
        throw error;
      }
    });
    await this.#calling(() => pipeline(found.Body as Readable, createWriteStream(path)));
    return path;
  }

  async #calling<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof ModelyardError) throw error;
      throw unavailable('store_unavailable', 'The artifact store cannot be reached.', error);
    }
  }

  #keyOf(hash: string): string {
    return `${this.#options.prefix}${hash.slice(0, 2)}/${hash}`;
  }
}

const unknown = (name: string) => new ModelyardError('resource_not_found', `There is no artifact ${name}.`);
