/** The CloudWatch namespace. */
export const METRICS_NAMESPACE = 'Modelyard';
/** The dimension `service`, which Powertools adds to every metric. */
export const METRICS_SERVICE = 'modelyard';

/** Metrics of a stage, by `service` and `stage`. */
export const STAGE_METRICS = ['ActiveModels', 'LiveInstances', 'StalledModels'] as const;
export type StageMetric = (typeof STAGE_METRICS)[number];

/** Metrics of each model, by `service`, `stage` and `model`. */
export type ModelMetric = 'LiveInstances' | 'BacklogPerInstance';
