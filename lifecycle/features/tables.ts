import type { OutboxTables } from '../outbox.ts';

/** The tables of the feature store. JSON is text; times are Unix milliseconds. */
export interface FeatureTables extends OutboxTables {
  readonly entities: {
    readonly name: string;
    /** A JSON list of columns. */
    readonly join_keys: string;
    readonly created_at: number;
    readonly created_by: string;
  };
  readonly feature_views: {
    readonly name: string;
    /** Grows with each change. */
    readonly version: number;
    /** A `FeatureView`. */
    readonly definition: string;
    readonly updated_at: number;
    readonly updated_by: string;
  };
  readonly materializations: {
    readonly id: string;
    readonly view: string;
    readonly view_version: number;
    readonly dataset_version: number;
    /** Keys whose value was written or confirmed. */
    readonly rows: number;
    readonly created_at: number;
    readonly created_by: string;
  };
  readonly training_sets: {
    /** The id of the task that has made it. */
    readonly id: string;
    /** The Parquet artifact. */
    readonly hash: string;
    readonly rows: number;
    /** The request and the versions that were read: a JSON object. */
    readonly document: string;
    readonly created_at: number;
    readonly created_by: string;
  };
  readonly online_values: {
    readonly view: string;
    /** The values of the join keys: a JSON list. */
    readonly entity_key: string;
    /** The features: a JSON object. */
    readonly features: string;
    readonly event_at: number;
    /** When the value was recorded; `event_at` where the source does not say. */
    readonly known_at: number;
    /** Where it came from: a JSON object with dataset, version, file and line. */
    readonly source: string;
  };
}
