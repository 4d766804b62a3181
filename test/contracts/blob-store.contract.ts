import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { BlobStore } from '#core';

/** A store and a way to take it away. */
export interface BlobStoreUnderTest {
  readonly blobs: BlobStore;
  /** From now on `blobs` cannot be reached. */
  cutOff(): Promise<void>;
}

const someBytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => (index * 31) & 255);

/** What every `BlobStore` promises. Each adapter's test calls this with its own way to reach one. */
export function blobStoreContract(name: string, open: () => Promise<BlobStoreUnderTest>): void {
  describe(`BlobStore contract: ${name}`, () => {
    it.each([0, 1, 5 * 1024 * 1024])('gives back the very %i bytes that were put', async (size) => {
      const { blobs } = await open();
      const key = `requests/${randomUUID()}`;
      const bytes = someBytes(size);

      await blobs.put(key, bytes);
      const read = await blobs.get(key);

      expect(read?.byteLength).toBe(size);
      expect(Buffer.compare(read ?? new Uint8Array(1), bytes)).toBe(0);
    });

    it('has nothing under a key that was never put', async () => {
      const { blobs } = await open();

      expect(await blobs.get(`requests/${randomUUID()}`)).toBeUndefined();
    });

    it('tells keys in different folders apart', async () => {
      const { blobs } = await open();
      const id = randomUUID();

      await blobs.put(`requests/${id}`, Uint8Array.of(1));
      await blobs.put(`dead-letters/model_a/${id}`, Uint8Array.of(2));

      expect(Array.from((await blobs.get(`requests/${id}`)) ?? [])).toEqual([1]);
      expect(Array.from((await blobs.get(`dead-letters/model_a/${id}`)) ?? [])).toEqual([2]);
      expect(await blobs.get(`results/${id}`)).toBeUndefined();
    });

    it('keeps what was put last', async () => {
      const { blobs } = await open();
      const key = `results/${randomUUID()}`;
      const bytes = Uint8Array.of(1);

      await blobs.put(key, bytes);
      bytes[0] = 9;
      const first = await blobs.get(key);
      await blobs.put(key, Uint8Array.of(2, 3));

      expect(Array.from(first ?? [])).toEqual([1]);
      expect(Array.from((await blobs.get(key)) ?? [])).toEqual([2, 3]);
    });

    it('says that it is unavailable when it cannot be reached', async () => {
      const { blobs, cutOff } = await open();
      await cutOff();
      const refused = expect.objectContaining({ code: 'store_unavailable', retryable: true });

      await expect(blobs.put('requests/1', Uint8Array.of(1))).rejects.toEqual(refused);
      await expect(blobs.get('requests/1')).rejects.toEqual(refused);
    });
  });
}
