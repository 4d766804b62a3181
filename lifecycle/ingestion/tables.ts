import type { OutboxTables } from '../outbox.ts';

/** The tables of the ingestion service. JSON is text; times are Unix milliseconds. */
export interface IngestionTables extends OutboxTables {
  readonly datasets: {
    readonly name: string;
    /** A `DatasetSchema`. Null until it is set, or taken from the first file. */
    readonly schema: string | null;
    readonly max_bad: number;
    /** The number of the newest version. */
    readonly last_version: number;
    readonly created_at: number;
    readonly created_by: string;
  };
  readonly versions: {
    /** Derived from dataset, content and schema, so that the same content is the same version. */
    readonly id: string;
    readonly dataset: string;
    readonly number: number;
    readonly state: 'accepted' | 'refused';
    /** SHA-256 of the file that was sent. */
    readonly file_hash: string;
    readonly file_name: string;
    /** Bytes. */
    readonly file_size: number;
    readonly file_format: string;
    /** Where it came from: `upload`, a URL or a key. */
    readonly source: string;
    /** A JSON list of the Parquet artifacts with the rows. */
    readonly parts: string;
    /** Of the refused rows, a Parquet artifact. Null without any. */
    readonly quarantine_hash: string | null;
    /** A `DatasetSchema`. */
    readonly schema: string;
    readonly rows: number;
    readonly bad_rows: number;
    readonly max_bad: number;
    readonly task_id: string;
    readonly created_at: number;
    readonly created_by: string;
  };
  /** The first refused rows of each version, for lists. */
  readonly quarantine: {
    readonly version_id: string;
    readonly position: number;
    readonly dataset: string;
    readonly line: number;
    readonly code: string;
    readonly reason: string;
    readonly text: string;
  };
}
