import type { Call } from './call.ts';

export interface CallQuery {
  readonly owner: string;
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

/**
 * API calls by owner, kept for `CALL_RETENTION_MS`. All methods reject with `store_unavailable` when the log cannot be
 * reached.
 */
export interface CallLog {
  /**
   * Records calls of any owners in batches. After a rejection some may be recorded; appending them again records each
   * once. Do not delay responses for this.
   */
  append(calls: readonly Call[]): Promise<void>;
  /** A bounded number of reads. May be a moment behind. */
  list(query: CallQuery): Promise<CallPage>;
}
