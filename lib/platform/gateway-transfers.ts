import { randomUUID } from 'node:crypto';
import {
  type BlobStore,
  type BlobStreams,
  type Clock,
  type ExpectedBytes,
  expectBytes,
  ModelyardError,
  TRANSFER_PATH,
  TRANSFER_SECONDS,
  type TransferEdge,
  type Transfers,
} from '#core';

/** What an address of a gateway allows. */
type Grant = { readonly key: string; readonly expiresAt: number } & (
  | { readonly use: 'put'; readonly expected: ExpectedBytes }
  | { readonly use: 'get'; readonly type: string; readonly fileName: string }
);

interface GatewayTransferDeps {
  readonly blobs: BlobStore;
  readonly streams: BlobStreams;
  readonly clock: Clock;
}

/** Addresses are random tokens. What each allows is a blob, so every gateway of a system knows it. */
export function gatewayTransfers({ blobs, streams, clock }: GatewayTransferDeps): Transfers & TransferEdge {
  async function grant(allowed: Grant): Promise<string> {
    const token = randomUUID();
    await blobs.put(`grants/${token}`, Buffer.from(JSON.stringify(allowed)));
    return `${TRANSFER_PATH}${token}`;
  }

  async function granted<U extends Grant['use']>(token: string, use: U): Promise<Extract<Grant, { use: U }>> {
    const stored = /^[\w-]{36}$/.test(token) ? await blobs.get(`grants/${token}`) : undefined;
    const allowed: Grant | undefined = stored && JSON.parse(Buffer.from(stored).toString());
    if (allowed?.use !== use || allowed.expiresAt <= clock.now()) throw unknown();
    return allowed as Extract<Grant, { use: U }>;
  }

  const expiry = () => clock.now() + TRANSFER_SECONDS * 1000;

  return {
    async addressToPut(key, expected) {
      const expiresAt = expiry();
      const url = await grant({ use: 'put', key, expected, expiresAt });
      return { method: 'PUT', url, headers: {}, expiresAt };
    },
    async addressToGet(key, answer) {
      const expiresAt = expiry();
      const url = await grant({ use: 'get', key, ...answer, expiresAt });
      return { method: 'GET', url, headers: {}, expiresAt };
    },
    sizeOf: (key) => streams.sizeOf(key),
    async receive(token, pieces) {
      const { key, expected } = await granted(token, 'put');
      await streams.write(key, expectBytes(pieces, expected));
    },
    async send(token) {
      const { key, type, fileName } = await granted(token, 'get');
      const stream = await streams.read(key);
      if (!stream) throw unknown();
      return { ...stream, type, fileName };
    },
  };
}

const unknown = () =>
  new ModelyardError('resource_not_found', 'There is no such transfer, or its address has expired.');
