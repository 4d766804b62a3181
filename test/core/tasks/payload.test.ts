import { describe, expect, it } from 'vitest';
import { MemoryBlobStore } from '#adapters/memory/index.ts';
import { loadPayload, MAX_INLINE_BYTES, readResult, storePayload } from '#core';
import { chainContract } from '#test/support/contract-chain.ts';

const CONTRACT = chainContract(1);

describe('a payload', () => {
  it.each([
    ['inline', MAX_INLINE_BYTES],
    ['blob', MAX_INLINE_BYTES + 1],
  ])('travels %s with %i bytes, and comes back as it was', async (kind, size) => {
    const blobs = new MemoryBlobStore();
    const bytes = new Uint8Array(size).fill(7);

    const payload = await storePayload(blobs, 'a/b', bytes);

    expect(payload.kind).toBe(kind);
    expect(await loadPayload(blobs, payload)).toEqual(bytes);
    expect((await blobs.get('a/b'))?.byteLength).toBe(kind === 'blob' ? size : undefined);
  });

  it('is gone for good when its blob is', async () => {
    const gone = loadPayload(new MemoryBlobStore(), { kind: 'blob', key: 'a/b', size: 1 });

    await expect(gone).rejects.toMatchObject({ code: 'store_unavailable', retryable: false });
  });
});

describe('the result of a task', () => {
  const result = { contractHash: CONTRACT.hash, payload: { kind: 'inline', bytes: Uint8Array.of(1) } } as const;
  const asked: string[] = [];
  const contracts = (contract: typeof CONTRACT | undefined) => ({
    put: async () => undefined,
    get: async (hash: string) => {
      asked.push(hash);
      return contract;
    },
  });
  const blobs = new MemoryBlobStore();

  it('comes with the contract that reads it', async () => {
    const read = await readResult({ blobs, contracts: contracts(CONTRACT) }, { result });

    expect(read).toEqual({ contract: CONTRACT, bytes: Uint8Array.of(1) });
    expect(asked).toEqual([CONTRACT.hash]);
  });

  it('is nothing for a task that has none', async () => {
    expect(await readResult({ blobs, contracts: contracts(CONTRACT) }, {})).toBeUndefined();
  });

  it('is refused without its contract', async () => {
    const read = readResult({ blobs, contracts: contracts(undefined) }, { result });

    await expect(read).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
