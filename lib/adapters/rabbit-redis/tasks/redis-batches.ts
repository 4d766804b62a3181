import { type BatchStore, decodeBatch, encodeBatch } from '#core';
import { translated } from '../errors.ts';
import { readKey } from '../read-key.ts';
import type { RedisStoreOptions } from './redis-task-store.ts';

/** Stores each batch as a string that expires, and the ids of an owner in a sorted set by expiry. */
export function redisBatches({ link, prefix, clock }: RedisStoreOptions): BatchStore {
  const keyOf = (id: string) => `${prefix}:batch:${id}`;
  const ownerKey = (owner: string) => `${prefix}:batches-of:${owner}`;

  async function get(id: string) {
    const text = await readKey(link, keyOf(id), ['GET']);
    const batch = text ? decodeBatch(String(text)) : undefined;
    return batch && batch.retainedUntil > clock.now() ? batch : undefined;
  }

  return {
    create: (batch) =>
      translated('store_unavailable', async () => {
        const client = await link.text();
        const { id, owner, retainedUntil } = batch;
        // The list first: an entry without a batch does no harm.
        await client
          .multi()
          .zRemRangeByScore(ownerKey(owner), '-inf', clock.now())
          .zAdd(ownerKey(owner), { score: retainedUntil, value: id })
          .pExpireAt(ownerKey(owner), retainedUntil, 'NX')
          .pExpireAt(ownerKey(owner), retainedUntil, 'GT')
          .exec();
        const expiration = { type: 'PXAT', value: retainedUntil } as const;
        const stored = await client.set(keyOf(id), encodeBatch(batch), { condition: 'NX', expiration });
        return stored === null ? get(id) : undefined;
      }),
    get: (id) => translated('store_unavailable', () => get(id)),
    put: (batch) =>
      translated('store_unavailable', async () => {
        const expiration = { type: 'PXAT', value: batch.retainedUntil } as const;
        await (await link.text()).set(keyOf(batch.id), encodeBatch(batch), { expiration });
      }),
    eraseOf: (owner) =>
      translated('store_unavailable', async () => {
        const client = await link.text();
        const ids = await client.zRange(ownerKey(owner), 0, -1);
        await client.del([...ids.map(keyOf), ownerKey(owner)]);
      }),
  };
}
