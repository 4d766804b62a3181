import type { BatchStore } from '#core';
import type { DynamoTaskStoreOptions } from './dynamo-task-store.ts';

/** Batches whose implementation is imported at first use: most Lambdas do not use it. */
export function lateBatches(options: DynamoTaskStoreOptions): BatchStore {
  let opened: Promise<BatchStore> | undefined;
  const open = () => {
    opened ??= import('./dynamo-batches.ts').then(({ dynamoBatches }) => dynamoBatches(options));
    return opened;
  };
  return {
    create: async (batch) => (await open()).create(batch),
    get: async (id) => (await open()).get(id),
    put: async (batch) => (await open()).put(batch),
    eraseOf: async (owner) => (await open()).eraseOf(owner),
  };
}
