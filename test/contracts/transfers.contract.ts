import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { BlobStore, ExpectedBytes, TransferAddress, TransferEdge, Transfers } from '#core';

/** Transfers, and the store whose blobs they move. Without an edge, the addresses are URLs. */
export interface TransfersUnderTest {
  readonly blobs: BlobStore;
  readonly transfers: Transfers;
  readonly edge?: TransferEdge | undefined;
}

const MIB = 2 ** 20;
const someBytes = (size: number) => Uint8Array.from({ length: size }, (_, index) => (index * 31) & 255);
const announced = (bytes: Uint8Array): ExpectedBytes => ({
  size: bytes.byteLength,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 60_000) yield bytes.subarray(at, at + 60_000);
}

const tokenOf = ({ url }: TransferAddress): string => url.split('/').at(-1) ?? '';

/** What all `Transfers` promise. Each adapter's test calls this with its own way to reach one. */
export function transfersContract(name: string, open: () => Promise<TransfersUnderTest>): void {
  describe(`Transfers contract: ${name}`, () => {
    /** Whether the other end has taken the bytes. */
    async function put({ edge }: TransfersUnderTest, address: TransferAddress, bytes: Uint8Array): Promise<boolean> {
      if (!edge) {
        const { url, method, headers } = address;
        return (await fetch(url, { method, headers, body: Buffer.from(bytes) })).ok;
      }
      return edge.receive(tokenOf(address), inPieces(bytes)).then(
        () => true,
        () => false,
      );
    }

    async function get({ edge }: TransfersUnderTest, address: TransferAddress): Promise<Uint8Array> {
      if (!edge) return new Uint8Array(await (await fetch(address.url)).arrayBuffer());
      const { pieces, size } = await edge.send(tokenOf(address));
      const received: Uint8Array[] = [];
      for await (const piece of pieces) received.push(piece);
      expect(Buffer.concat(received).byteLength).toBe(size);
      return Buffer.concat(received);
    }

    it.each([1, MIB, 9 * MIB + 1])('takes %i bytes for an address, and the blob store has them', async (size) => {
      const system = await open();
      const bytes = someBytes(size);
      const key = `requests/${randomUUID()}/upload`;

      const before = await system.transfers.sizeOf(key);
      const isTaken = await put(system, await system.transfers.addressToPut(key, announced(bytes)), bytes);

      expect(before).toBeUndefined();
      expect(isTaken).toBe(true);
      expect(await system.transfers.sizeOf(key)).toBe(size);
      expect(Buffer.compare((await system.blobs.get(key)) ?? new Uint8Array(), bytes)).toBe(0);
    });

    it.each([5 * MIB, 10 * MIB])('gives %i bytes that an instance has stored', async (size) => {
      const system = await open();
      const bytes = someBytes(size);
      const key = `results/${randomUUID()}/result.large`;
      await system.blobs.put(key, bytes);

      const address = await system.transfers.addressToGet(key, { type: 'application/json', fileName: 'a.json' });
      const received = await get(system, address);

      expect(Buffer.compare(received, bytes)).toBe(0);
    });

    it('repeats an upload without harm', async () => {
      const system = await open();
      const bytes = someBytes(5 * MIB);
      const key = `requests/${randomUUID()}/upload`;
      const address = await system.transfers.addressToPut(key, announced(bytes));

      await put(system, address, bytes);
      await put(system, address, bytes);

      expect(Buffer.compare((await system.blobs.get(key)) ?? new Uint8Array(), bytes)).toBe(0);
    });
  });
}

/** What a gateway promises besides. S3 does the same, but emulators of it check no signatures. */
export function transferEdgeContract(name: string, open: () => Promise<Required<TransfersUnderTest>>): void {
  describe(`TransferEdge contract: ${name}`, () => {
    it.each([
      ['other bytes', (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1), 'invalid_input'],
      ['fewer bytes', (bytes: Uint8Array) => bytes.subarray(1), 'invalid_input'],
      ['more bytes', (bytes: Uint8Array) => Buffer.concat([bytes, bytes]), 'body_too_large'],
    ])('refuses %s than the announced ones, and keeps what was there', async (_, change, code) => {
      const { blobs, transfers, edge } = await open();
      const bytes = someBytes(5 * MIB);
      const key = `requests/${randomUUID()}/upload`;
      const token = tokenOf(await transfers.addressToPut(key, announced(bytes)));
      await edge.receive(token, inPieces(bytes));

      await expect(edge.receive(token, inPieces(change(bytes)))).rejects.toMatchObject({ code });

      expect(Buffer.compare((await blobs.get(key)) ?? new Uint8Array(), bytes)).toBe(0);
    });

    it('knows only addresses that it has given, each for its own use', async () => {
      const { transfers, edge } = await open();
      const bytes = someBytes(10);
      const given = tokenOf(await transfers.addressToPut(`requests/${randomUUID()}/upload`, announced(bytes)));
      const unknown = { code: 'resource_not_found' };

      await expect(edge.receive(randomUUID(), inPieces(bytes))).rejects.toMatchObject(unknown);
      await expect(edge.send(given)).rejects.toMatchObject(unknown);
      await expect(edge.send('../requests')).rejects.toMatchObject(unknown);
    });
  });
}
