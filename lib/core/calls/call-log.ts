import type { Call } from './call.ts';

export interface CallQuery {
  readonly owner: string;
  /** 1–100. */
  readonly limit: number;
  /** `nextCursor` of the page before. Opaque; a cursor that was not issued rejects with `invalid_request`. */
  readonly cursor?: string;
}

export interface CallPage {
  /** Newest first. May be shorter than the limit, even empty, while `nextCursor` says there is more. */
  readonly calls: readonly Call[];
  readonly nextCursor?: string;
}

/**
 * Who called when, for `CALL_RETENTION_MS` after the call began. All methods reject with `store_unavailable` when
 * the log cannot be reached.
 */
export interface CallLog {
  /**
   * Records calls of any owners: gathered, because one write takes many. Resolves when all are kept; when it rejects,
   * some may be, and appending the same calls again records each of them once. Nobody who waits for an answer should
   * have to wait for this.
   */
  append(calls: readonly Call[]): Promise<void>;
  /** A bounded number of reads, whatever is recorded; may be a moment behind. */
  list(query: CallQuery): Promise<CallPage>;
}
