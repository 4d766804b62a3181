import type { OutboxTables } from '../outbox.ts';

/** The tables of preprocessing. JSON is text; times are Unix milliseconds. */
export interface PreprocessingTables extends OutboxTables {
  readonly recipes: {
    readonly name: string;
    /** Grows with each change. */
    readonly version: number;
    /** A `Recipe`. */
    readonly definition: string;
    /** The number of the newest output. */
    readonly last_output: number;
    readonly updated_at: number;
    readonly updated_by: string;
  };
  readonly runs: {
    /** The id of the task. */
    readonly id: string;
    readonly recipe: string;
    readonly recipe_version: number;
    readonly dataset: string;
    readonly dataset_version: number;
    readonly state: 'succeeded' | 'failed';
    /** The number of the output. Null for a failed run. */
    readonly output: number | null;
    /** The Parquet artifact. Null for a failed run. */
    readonly hash: string | null;
    readonly rows: number;
    /** A JSON list of `CheckResult`. */
    readonly checks: string;
    readonly created_at: number;
    readonly created_by: string;
  };
}
