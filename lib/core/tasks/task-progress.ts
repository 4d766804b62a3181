import { inGroups } from '../lists.ts';
import { type BlobStore, loadPayload } from './payload.ts';
import type { Task } from './task.ts';

/** A progress report of a run. Times are Unix milliseconds. */
export interface ReportEntry {
  /** Counts the entries of a round, from 1. */
  readonly seq: number;
  readonly at: number;
  /** The run among the charged ones. */
  readonly attempt: number;
  /** From 0 to 1. */
  readonly fraction?: number;
  readonly message?: string;
  /** A partial response: the encoded response message, in base64. */
  readonly response?: string;
}

/** The progress reports of a round, as stored in the row of the task. */
export interface TaskProgress {
  readonly fraction?: number;
  readonly message?: string;
  readonly at: number;
  /** The contract of partial responses. */
  readonly contractHash: string;
  /** Number of entries so far. */
  readonly count: number;
  /** The latest entries. */
  readonly recent: readonly ReportEntry[];
  /** Keys of earlier entries in the blob store, oldest first. */
  readonly older: readonly StoredEntries[];
}

/** Entries in the blob store. */
export interface StoredEntries {
  readonly key: string;
  readonly size: number;
  /** `seq` of the last one. */
  readonly last: number;
}

/** Entries of the row that are moved to the blob store together, as JSON. Rows stay small, because each write costs. */
export const MAX_RECENT_BYTES = 8 * 1024;
/** Entries that are kept of a round. Later ones change only the latest fraction and message. */
export const MAX_PROGRESS_BYTES = 10 * 1024 * 1024;
/** Entries that are stored in one blob, and read together: a follower has no more of them in memory. */
export const MAX_PIECE_BYTES = 256 * 1024;
/** Minimum interval between two writes of progress of a task. */
export const PROGRESS_INTERVAL_MS = 1000;

/** The entries after `seq`, in order and in pieces. Rejects with `store_unavailable`. */
export async function* entriesAfter(
  blobs: BlobStore,
  { progress }: Pick<Task, 'progress'>,
  seq: number,
): AsyncGenerator<readonly ReportEntry[]> {
  if (!progress || progress.count <= seq) return;
  const isNew = (entry: ReportEntry) => entry.seq > seq;
  const older = progress.older.filter(({ last }) => last > seq);
  for (const some of inGroups(older, { sizeOf: ({ size }) => size, maxSize: MAX_PIECE_BYTES })) {
    yield (await Promise.all(some.map((each) => readEntries(blobs, each)))).flat().filter(isNew);
  }
  if (progress.recent.length > 0) yield progress.recent.filter(isNew);
}

async function readEntries(blobs: BlobStore, { key, size }: StoredEntries): Promise<readonly ReportEntry[]> {
  return JSON.parse(Buffer.from(await loadPayload(blobs, { kind: 'blob', key, size })).toString());
}
