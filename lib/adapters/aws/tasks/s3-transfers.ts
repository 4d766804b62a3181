import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type ExpectedBytes, TRANSFER_SECONDS, type TransferAddress, type Transfers } from '#core';
import { translated } from '../errors.ts';
import type { S3TransferOptions } from './late-transfers.ts';

/** Presigned URLs of the bucket. S3 compares the length and the SHA-256 of an upload with the signed headers. */
export class S3Transfers implements Transfers {
  readonly #options: S3TransferOptions;

  constructor(options: S3TransferOptions) {
    this.#options = options;
  }

  addressToPut(key: string, { size, sha256 }: ExpectedBytes): Promise<TransferAddress> {
    return translated('store_unavailable', async () => {
      const checksum = Buffer.from(sha256, 'hex').toString('base64');
      const command = new PutObjectCommand({
        ...{ Bucket: this.#options.bucket, Key: key, ContentLength: size, ChecksumSHA256: checksum },
      });
      const url = await getSignedUrl(await this.#options.client(), command, {
        expiresIn: TRANSFER_SECONDS,
        // Otherwise the SDK moves the checksum into the query, where S3 does not enforce it.
        unhoistableHeaders: new Set(['x-amz-checksum-sha256']),
        signableHeaders: new Set(['host', 'content-length', 'x-amz-checksum-sha256']),
      });
      return this.#address('PUT', url, { 'x-amz-checksum-sha256': checksum });
    });
  }

  addressToGet(
    key: string,
    { type, fileName }: { readonly type: string; readonly fileName: string },
  ): Promise<TransferAddress> {
    return translated('store_unavailable', async () => {
      const command = new GetObjectCommand({
        ...{ Bucket: this.#options.bucket, Key: key, ResponseContentType: type },
        ResponseContentDisposition: `attachment; filename="${fileName}"`,
      });
      const url = await getSignedUrl(await this.#options.client(), command, { expiresIn: TRANSFER_SECONDS });
      return this.#address('GET', url, {});
    });
  }

  sizeOf(key: string): Promise<number | undefined> {
    return translated('store_unavailable', async () => {
      try {
        const client = await this.#options.client();
        const command = new HeadObjectCommand({ Bucket: this.#options.bucket, Key: key });
        return (await client.send(command)).ContentLength;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  #address(method: 'PUT' | 'GET', url: string, headers: Readonly<Record<string, string>>): TransferAddress {
    return { method, url, headers, expiresAt: this.#options.now() + TRANSFER_SECONDS * 1000 };
  }
}

/** The answer to HEAD has no body and so no code. Who may not list a bucket is answered 403 for a missing object. */
const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException && [403, 404].includes(error.$metadata.httpStatusCode ?? 0);
