/** Times are Unix milliseconds; lists and objects are JSON. */
export interface ServingTables {
  deployments: DeploymentRow;
  /** Predictions by entity, with the features that they used. */
  predictions: PredictionRow;
  /** The rows of datasets that predictions by entity have used. */
  used_rows: UsedRow;
  /** Versions that run beside another one. */
  rollouts: RolloutRow;
}

export interface RolloutRow {
  /** The task that has started it. */
  id: string;
  model: string;
  /** That of the decision in `deployments`. */
  number: number;
  /** `guard`: the version answers all tasks, and the champion before takes over if it must. */
  strategy: 'canary' | 'shadow' | 'guard';
  version: string;
  artifact: string;
  /** The version that it replaces, or would. */
  champion: string;
  champion_artifact: string;
  /** A decimal number: databases round floats differently. */
  share: string;
  routing_key: string;
  /** A `RolloutRule`. */
  rule: string;
  state: 'running' | 'promoted' | 'rolled_back' | 'ended';
  reasons: string;
  /** What both versions had answered at the end. */
  tallies: string;
  owner: string;
  started_at: number;
  /** The end of a guard. 0 for the others, which have none. */
  until: number;
  ended_at: number | null;
}

export interface DeploymentRow {
  /** The task that has decided, so that its repetition finds it. */
  id: string;
  model: string;
  /** Numbers the decisions on a model from 1. */
  number: number;
  kind: 'deploy' | 'canary' | 'shadow' | 'promotion' | 'rollback';
  /** `started`: a canary or shadow runs beside the deployed version. */
  state: 'deployed' | 'started' | 'refused';
  version: string;
  artifact: string;
  /** The version that was deployed before. Empty for the first one. */
  previous: string;
  /** One sentence per condition of the gate. */
  reasons: string;
  /** What the gate compared. */
  comparison: string;
  owner: string;
  created_at: number;
}

export interface UsedRow {
  dataset: string;
  version: number;
  line: number;
  task_id: string;
  created_at: number;
}

interface PredictionRow {
  task_id: string;
  model: string;
  entity: string;
  entity_id: string;
  /** Names and values, and where each came from. */
  features: string;
  owner: string;
  created_at: number;
}
