/** Times are Unix milliseconds. Lists and objects are JSON texts. */
export interface TrainingTables {
  experiments: ExperimentRow;
  runs: RunRow;
  params: { run_id: string; key: string; value: string };
  metrics: MetricRow;
  /** The value of the highest step of each metric. */
  latest_metrics: MetricRow;
  /** Of experiments, runs, models, versions (`name/version`) and logged models. */
  tags: { kind: TagKind; owner: string; key: string; value: string };
  registered_models: RegisteredModelRow;
  model_versions: ModelVersionRow;
  aliases: { model: string; alias: string; version: number };
  logged_models: LoggedModelRow;
  /** Names of artifacts. The content is in the artifact store. */
  files: { path: string; sha256: string; bytes: number };
}

export type TagKind = 'experiment' | 'run' | 'model' | 'version' | 'logged-model';
export type LifecycleStage = 'active' | 'deleted';

export interface ExperimentRow {
  id: string;
  name: string;
  artifact_location: string;
  lifecycle_stage: LifecycleStage;
  created_at: number;
  updated_at: number;
}

export interface RunRow {
  id: string;
  experiment_id: string;
  name: string;
  user_id: string;
  status: string;
  start_time: number;
  end_time: number | null;
  lifecycle_stage: LifecycleStage;
  /** Datasets, as the client sent them. */
  inputs: string;
  /** Logged models, as the client sent them. */
  outputs: string;
}

export interface MetricRow {
  run_id: string;
  key: string;
  /** 0 if it is not a number. */
  value: number;
  is_nan: number;
  timestamp: number;
  step: number;
}

export interface RegisteredModelRow {
  name: string;
  description: string;
  created_at: number;
  updated_at: number;
}

export interface ModelVersionRow {
  model: string;
  version: number;
  description: string;
  source: string;
  run_id: string;
  model_id: string;
  user_id: string;
  stage: string;
  created_at: number;
  updated_at: number;
}

export interface LoggedModelRow {
  id: string;
  experiment_id: string;
  name: string;
  source_run_id: string;
  status: string;
  model_type: string;
  params: string;
  created_at: number;
  updated_at: number;
}
