import { v5 as uuidV5 } from 'uuid';
import type { FieldError } from '#contract';
import { type ErrorCode, ModelyardError } from '../errors.ts';
import { type BlobStore, loadPayload, type Payload, storePayload } from '../tasks/payload.ts';

/** Maximum number of requests in one batch. */
export const MAX_BATCH_ITEMS = 1000;

/** Requests to one model that were submitted together, as stored. Times are Unix milliseconds. */
export interface Batch {
  readonly id: string;
  /** As the registry stores it, with its contract version. */
  readonly model: string;
  readonly owner: string;
  /** SHA-256 (hex) of the submitted body. Detects an idempotency key that is reused for another body. */
  readonly requestHash: string;
  readonly createdAt: number;
  /** When the stored batch may be deleted. Its tasks are deleted then, too. */
  readonly retainedUntil: number;
  /** Number of items, 1 to `MAX_BATCH_ITEMS`. */
  readonly total: number;
  /** The queue has confirmed a message of every valid item. A repeated submit sends nothing then. */
  readonly isConfirmed: boolean;
  /** The encoded list of refused items. Absent if none. */
  readonly refusals?: Payload;
}

/** An item that has no task. */
export interface RefusedItem {
  readonly index: number;
  readonly error: ModelyardError;
}

/** Stores batches until `retainedUntil`. Reads are consistent. All methods reject with `store_unavailable`. */
export interface BatchStore {
  /** Stores a new batch and resolves with undefined. If the id is taken, resolves with the existing batch. */
  create(batch: Batch): Promise<Batch | undefined>;
  get(id: string): Promise<Batch | undefined>;
  /** Replaces the batch. */
  put(batch: Batch): Promise<void>;
  /** Deletes all batches of an owner. Their tasks are stored elsewhere. */
  eraseOf(owner: string): Promise<void>;
}

/** The task of an item. Known without a list, so that a batch of any size is one small row. */
export const itemTaskId = (batchId: string, index: number): string => uuidV5(String(index), batchId);

/** A batch as text, for stores that keep it in one field. */
export function encodeBatch({ refusals, ...batch }: Batch): string {
  const kept = refusals?.kind === 'inline' ? { inline: Buffer.from(refusals.bytes).toString() } : refusals;
  return JSON.stringify({ ...batch, ...(kept ? { refusals: kept } : {}) });
}

export function decodeBatch(text: string): Batch {
  const { refusals, ...batch } = JSON.parse(text);
  if (refusals === undefined) return batch;
  const isInline = typeof refusals.inline === 'string';
  return { ...batch, refusals: isInline ? { kind: 'inline', bytes: Buffer.from(refusals.inline) } : refusals };
}

/** The stored part of a refusal. */
interface StoredRefusal {
  readonly index: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable?: boolean;
  readonly errors?: readonly FieldError[];
}

/** Maximum number of field errors that are kept of an item, and maximum length of their texts. */
const MAX_ERRORS = 10;
const MAX_TEXT = 500;

/** The fields of a batch with its refused items. */
export async function storeRefusals(
  blobs: BlobStore,
  batchId: string,
  refused: readonly RefusedItem[],
): Promise<Pick<Batch, 'refusals'>> {
  if (refused.length === 0) return {};
  const kept = refused.map(({ index, error }): StoredRefusal => {
    const { code, message, retryable, errors } = error;
    const few = errors.slice(0, MAX_ERRORS).map((each) => ({ ...each, message: each.message.slice(0, MAX_TEXT) }));
    const more = few.length > 0 ? { errors: few } : {};
    return { index, code, message: message.slice(0, MAX_TEXT), ...(retryable ? { retryable } : {}), ...more };
  });
  const bytes = Buffer.from(JSON.stringify(kept));
  return { refusals: await storePayload(blobs, `requests/${batchId}/refusals`, bytes) };
}

/** The refused items of a batch, by index. Rejects with `store_unavailable`. */
export async function loadRefusals(blobs: BlobStore, { refusals }: Batch): Promise<ReadonlyMap<number, RefusedItem>> {
  if (!refusals) return new Map();
  const kept: readonly StoredRefusal[] = JSON.parse(Buffer.from(await loadPayload(blobs, refusals)).toString());
  return new Map(
    kept.map(({ index, code, message, ...more }) => [index, { index, error: new ModelyardError(code, message, more) }]),
  );
}
