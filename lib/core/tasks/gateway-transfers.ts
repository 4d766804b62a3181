import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { BlobStore } from './payload.ts';
import { type ExpectedBytes, expectBytes, TRANSFER_SECONDS, type Transfers } from './transfers.ts';

/** Blobs that are never in memory as a whole. `BlobStore` reads and writes the same ones. */
export interface BlobStreams {
  /** Stores all pieces, or nothing when they throw. */
  write(key: string, pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** Undefined if there is no such blob. */
  read(key: string): Promise<AsyncGenerator<Uint8Array> | undefined>;
  sizeOf(key: string): Promise<number | undefined>;
}

/** What an address of a gateway allows. */
type Grant = { readonly key: string; readonly expiresAt: number } & (
  | { readonly use: 'put'; readonly expected: ExpectedBytes }
  | { readonly use: 'get'; readonly type: string; readonly fileName: string }
);

/** A blob on its way to a client. */
export interface Download {
  readonly size: number;
  readonly type: string;
  readonly fileName: string;
  readonly pieces: AsyncGenerator<Uint8Array>;
}

/** The other end of the addresses that a gateway gives. */
export interface TransferEdge {
  /** Rejects with `resource_not_found`, `body_too_large` and `invalid_input`. */
  receive(token: string, pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** Rejects with `resource_not_found`. */
  send(token: string): Promise<Download>;
}

/** The paths of addresses, up to the token. */
export const TRANSFER_PATH = '/transfers/';

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
      const [size, pieces] = await Promise.all([streams.sizeOf(key), streams.read(key)]);
      if (size === undefined || !pieces) throw unknown();
      return { size, pieces, type, fileName };
    },
  };
}

const unknown = () =>
  new ModelyardError('resource_not_found', 'There is no such transfer, or its address has expired.');
