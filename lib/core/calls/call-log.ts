import type { Call } from './call.ts';

export interface CallQuery {
  /** @default calls of everybody */
  readonly owner?: string;
  readonly model?: string;
  readonly status?: number;
  /** Unix milliseconds: started then or later. */
  readonly from?: number;
  /** Unix milliseconds: started before. */
  readonly to?: number;
  /** 1–100. */
  readonly limit: number;
  /** `nextCursor` of the page before. Rejects with `invalid_request` for any other text. */
  readonly cursor?: string;
}

export interface CallPage {
  /** Newest first. A page may be short or empty although there is a `nextCursor`. */
  readonly calls: readonly Call[];
  readonly nextCursor?: string;
}

/** API calls, kept for a retention. All methods reject with `store_unavailable` when the log cannot be reached. */
export interface CallLog {
  /**
   * Records calls of any owners in batches. After a rejection some may be recorded; appending them again records each
   * once. Do not delay responses for this.
   */
  append(calls: readonly Call[]): Promise<void>;
  /** A bounded number of reads. May be a moment behind. */
  list(query: CallQuery): Promise<CallPage>;
  /** Deletes all calls of an owner that were recorded before. */
  deleteOf(owner: string): Promise<void>;
}

/** The owner by which cursors of lists of everybody's calls are checked. No owner has this name. */
export const EVERYBODY = '*';

/** Whether a call belongs to the list that a query asks for, its cursor aside. */
export const isAskedFor = (
  { owner, model, status, startedAt }: Call,
  asked: Pick<CallQuery, 'owner' | 'model' | 'status' | 'from' | 'to'>,
): boolean =>
  (asked.owner === undefined || owner === asked.owner) &&
  (asked.model === undefined || model === asked.model) &&
  (asked.status === undefined || status === asked.status) &&
  (asked.from === undefined || startedAt >= asked.from) &&
  (asked.to === undefined || startedAt < asked.to);
