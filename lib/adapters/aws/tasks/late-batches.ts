import type { BatchStore } from '#core';
import { late } from '../late.ts';
import type { DynamoTaskStoreOptions } from './dynamo-task-store.ts';

/** Batches whose implementation is imported at first use: most Lambdas do not use it. */
export const lateBatches = (options: DynamoTaskStoreOptions): BatchStore =>
  late(async () => (await import('./dynamo-batches.ts')).dynamoBatches(options), ['create', 'get', 'put', 'eraseOf']);
