/** Times are Unix milliseconds. */
export interface PipelineTables {
  pipelines: {
    name: string;
    /** The definition, JSON. */
    definition: string;
    owner: string;
    updated_at: number;
  };
  runs: RunRow;
  /** Outputs of stages by the hash of their code, parameters and inputs. */
  results: { key: string; run_id: string; stage: string; output: string; created_at: number };
  log_lines: LogLineRow;
}

export interface RunRow {
  id: string;
  pipeline: string;
  /** `YYYY-MM-DD`. */
  logical_date: string;
  /** The backfill or the schedule that has started it, or empty. */
  cause: string;
  state: string;
  /** The `PipelineRun`, JSON. */
  document: string;
  owner: string;
  /** Increases with each change: an optimistic lock. */
  version: number;
  created_at: number;
  updated_at: number;
}

interface LogLineRow {
  id: string;
  run_id: string;
  stage: string;
  text: string;
  at: number;
}
