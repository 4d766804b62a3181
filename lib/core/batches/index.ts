export {
  type Batch,
  type BatchStore,
  decodeBatch,
  encodeBatch,
  itemTaskId,
  MAX_BATCH_ITEMS,
  type RefusedItem,
} from './batch.ts';
export {
  type BatchCounts,
  type BatchLookup,
  countBatch,
  countsOfNew,
  getBatch,
  type ItemOutcome,
  isComplete,
  readItems,
} from './read-batch.ts';
export { type AcceptedBatch, type BatchCommand, type BatchItem, submitBatch } from './submit-batch.ts';
