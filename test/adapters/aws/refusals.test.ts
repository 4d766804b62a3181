import type { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { translated } from '#adapters/aws/errors.ts';
import { S3BlobStore } from '#adapters/aws/index.ts';

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });
const storeThat = (error: Error): S3BlobStore => {
  const client = { send: () => Promise.reject(error) } as unknown as S3Client;
  return new S3BlobStore({ bucket: 'blobs', client: async () => client });
};

describe('a blob that is not there', () => {
  it('is missing, also for who may not list the bucket and is answered 403', async () => {
    expect(await storeThat(named('AccessDenied', 'Access Denied')).get('results/1')).toBeUndefined();
  });

  it('is not what any other refusal means', async () => {
    await expect(storeThat(named('KMSInvalidStateException', 'no key')).get('results/1')).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });
});

describe('a process without credentials', () => {
  it('says so at its first call, and does not try again', async () => {
    const failing = () => Promise.reject(named('CredentialsProviderError', 'Could not load credentials.'));

    await expect(translated('registry_unavailable', failing)).rejects.toMatchObject({
      message: 'This process has no AWS credentials: give it a role or set AWS_ACCESS_KEY_ID.',
      retryable: false,
    });
  });
});
