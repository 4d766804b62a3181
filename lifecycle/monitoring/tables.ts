/** Times are Unix milliseconds; lists and objects are JSON. A window is `[start_at, end_at)` of one version. */
export interface MonitoringTables {
  /** The Parquet objects of the prediction log. */
  batches: BatchRow;
  /** Which versions and windows a batch has predictions of. */
  batch_windows: BatchWindowRow;
  windows: WindowRow;
  /** One row per column of a window. */
  findings: FindingRow;
  outcomes: OutcomeRow;
  /** Outcomes that were refused, counted by their error. */
  refusals: { model: string; code: string; count: number };
  /** How a model is watched. */
  settings: { model: string; settings: string; updated_at: number; updated_by: string };
  /** Distributions of the training sets. */
  reference_sets: { model: string; version: string; summary: string; created_at: number };
  /** Instances that log. */
  log_writers: LogWriterRow;
  /** Consent settings of users. Without a row, everything is logged. */
  consents: { owner: string; prediction_log: Consent; updated_at: number };
  /** Changes of these settings. Before the first one, everything was allowed. */
  consent_changes: { owner: string; since: number; prediction_log: Consent };
  /** What users have erased: predictions of `owner` before this time. */
  erasures: { owner: string; before: number };
}

/** `answers`: without request and features. `none`: nothing. */
export type Consent = 'full' | 'answers' | 'none';

export interface LogWriterRow {
  /** Primary key. Each start of an instance is another writer. */
  writer: string;
  instance: string;
  model: string;
  /** Of the tasks that are logged, 0 to 1. */
  share: number;
  opened_at: number;
  /** When its last batch came. */
  seen_at: number;
  /** The time of the first answer that it could not hand on. */
  lost_since: number | null;
  /** `closed`: complete, and no more records follow. */
  state: 'open' | 'closed';
}

export interface BatchRow {
  /** Primary key. The task that has stored it, so that its repetition finds it. */
  id: string;
  model: string;
  /** Hash of the Parquet object. */
  artifact: string;
  records: number;
  /** Times of the oldest and the newest prediction. */
  first_at: number;
  last_at: number;
  /** `instance`: as it was logged. `tasks`: rebuilt after a buffer was lost. */
  source: 'instance' | 'tasks';
  created_at: number;
}

interface BatchWindowRow {
  /** Primary key, with all that follows. */
  batch: string;
  model: string;
  version: string;
  start_at: number;
  records: number;
}

export interface WindowRow {
  /** Primary key: model, version, start_at. */
  model: string;
  version: string;
  start_at: number;
  end_at: number;
  /** `open`: not computed yet. `late`: computed, and records or outcomes arrived since. */
  state: 'open' | 'late' | 'closed';
  /** Whether none of its answers was given to a caller: 1 or 0. */
  is_shadow: number;
  predictions: number;
  /** Version of its content. The window is computed again when this differs from the computed version. */
  revision: number;
  computed_revision: number;
  /** Data quality, by column. */
  quality: string;
  /** Histograms of its columns, for plots. */
  distributions: string;
  /** Errors of the predictions whose outcome is known. */
  performance: string;
  computed_at: number | null;
}

export interface FindingRow {
  /** Primary key: model, version, start_at, feature. */
  model: string;
  version: string;
  start_at: number;
  feature: string;
  statistic: string;
  value: number;
  threshold: number;
  p_value: number | null;
  /** 1 or 0. */
  is_drifted: number;
  /** Whether `drift.detected` was written for it: 1 or 0. */
  is_reported: number;
}

interface OutcomeRow {
  /** Primary key. */
  task_id: string;
  model: string;
  /** Of the prediction. */
  predicted_at: number;
  /** A number, or a class as JSON. */
  value: string;
  owner: string;
  recorded_at: number;
}
