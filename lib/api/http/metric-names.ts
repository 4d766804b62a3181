/** Of every metric that this system publishes. */
export const METRICS_NAMESPACE = 'Modelyard';
/** The dimension `service` of all of them, which Powertools adds. */
export const METRICS_SERVICE = 'modelyard';

/** Numbers of a whole stage, by `service` and `stage`. */
export const STAGE_METRICS = ['ActiveModels', 'LiveInstances', 'StalledModels'] as const;
export type StageMetric = (typeof STAGE_METRICS)[number];

/** Numbers of each model, by `service`, `stage` and `model`. */
export const MODEL_METRICS = ['LiveInstances', 'BacklogPerInstance'] as const;
export type ModelMetric = (typeof MODEL_METRICS)[number];
