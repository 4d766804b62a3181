import type { Batch, BatchStore, Clock } from '#core';

/** The reference implementation of the port. `assertReachable` throws while the store is unavailable. */
export function memoryBatches(clock: Clock, assertReachable: () => void): BatchStore {
  const batches = new Map<string, Batch>();

  function find(id: string): Batch | undefined {
    const batch = batches.get(id);
    if (batch === undefined || batch.retainedUntil > clock.now()) return batch;
    batches.delete(id);
    return undefined;
  }

  return {
    async create(batch) {
      assertReachable();
      const existing = find(batch.id);
      if (existing === undefined) batches.set(batch.id, batch);
      return existing;
    },
    async get(id) {
      assertReachable();
      return find(id);
    },
    async put(batch) {
      assertReachable();
      batches.set(batch.id, batch);
    },
    async eraseOf(owner) {
      assertReachable();
      for (const batch of batches.values()) if (batch.owner === owner) batches.delete(batch.id);
    },
  };
}
