import type { S3Client } from '@aws-sdk/client-s3';
import type { Transfers } from '#core';
import { late } from '../late.ts';

export interface S3TransferOptions {
  /** Called for the first transfer. */
  readonly client: () => Promise<S3Client>;
  readonly bucket: string;
  readonly now: () => number;
}

/** Loaded by its first call: most answers need no transfer, and their handlers start faster without it. */
export const lateTransfers = (options: S3TransferOptions): Transfers =>
  late(
    async () => new (await import('./s3-transfers.ts')).S3Transfers(options),
    ['addressToPut', 'addressToGet', 'sizeOf'],
  );
