import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

const tar = promisify(execFile);
/** Longer than a stage may run. */
const EXPIRES_SECONDS = 2 * 3600;

export interface FolderExchangeOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** First part of all keys. */
  readonly prefix: string;
}

/** Hands the folder of a container over by two objects: what it is given, and its outputs. */
export class FolderExchange {
  readonly #options: FolderExchangeOptions;

  constructor(options: FolderExchangeOptions) {
    this.#options = options;
  }

  /** Resolves with presigned URLs: one reads the folder, the other one stores the outputs. */
  async send(id: string, folder: string): Promise<{ readonly input: string; readonly output: string }> {
    const { client } = this.#options;
    const file = `${folder}.in.tar`;
    await tar('tar', ['-C', folder, '-cf', file, '.']);
    try {
      const { size: ContentLength } = await stat(file);
      await client.send(
        new PutObjectCommand({ ...this.#object(id, 'in'), Body: createReadStream(file), ContentLength }),
      );
    } finally {
      await rm(file, { force: true });
    }
    const expires = { expiresIn: EXPIRES_SECONDS };
    const [input, output] = await Promise.all([
      getSignedUrl(client, new GetObjectCommand(this.#object(id, 'in')), expires),
      getSignedUrl(client, new PutObjectCommand(this.#object(id, 'out')), expires),
    ]);
    return { input, output };
  }

  /** Writes what the container has stored into its folder. */
  async receive(id: string, folder: string): Promise<void> {
    const { client } = this.#options;
    const file = `${folder}.out.tar`;
    try {
      const { Body } = await client.send(new GetObjectCommand(this.#object(id, 'out')));
      await pipeline(Body as Readable, createWriteStream(file));
      await tar('tar', ['-C', folder, '--no-same-owner', '-xf', file, './outputs']);
    } finally {
      await rm(file, { force: true });
    }
  }

  async remove(id: string): Promise<void> {
    const { client } = this.#options;
    const objects = (['in', 'out'] as const).map((which) => this.#object(id, which));
    // Recovery: what is left costs little, and the next run with the id replaces it.
    await Promise.allSettled(objects.map((object) => client.send(new DeleteObjectCommand(object))));
  }

  #object(id: string, which: 'in' | 'out') {
    const { bucket, prefix } = this.#options;
    return { Bucket: bucket, Key: `${prefix}containers/${id}/${which}.tar` };
  }
}
