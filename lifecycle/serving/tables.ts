/** Times are Unix milliseconds; lists and objects are JSON. */
export interface ServingTables {
  deployments: DeploymentRow;
  /** Predictions by entity, with the features that they used. */
  predictions: PredictionRow;
}

export interface DeploymentRow {
  /** The task that has decided, so that its repetition finds it. */
  id: string;
  model: string;
  /** Numbers the decisions on a model from 1. */
  number: number;
  kind: 'deploy' | 'rollback';
  state: 'deployed' | 'refused';
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
