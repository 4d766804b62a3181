export {
  ALERT_KINDS,
  type Alert,
  type AlertChannel,
  type AlertRule,
  type AlertStep,
  DRIFT_RULE,
  ERROR_METRICS,
  isSilencing,
  judgeWindow,
  LATENCY_METRICS,
  RULE_DEFAULTS,
  reportInTime,
  resolveWithoutWindows,
  type Silence,
} from './alerts.ts';
export { type Artifact, type ArtifactStore, isArtifactHash } from './artifacts.ts';
export { CONTAINER_FOLDER, type ContainerJob, type ContainerRunner } from './containers.ts';
export { parseExpression } from './expression.ts';
export { decideGate, type GateDecision, type GateInput } from './gate.ts';
export { isLogged } from './logged-share.ts';
export { BACKFILL_STEPS, type BackfillStep, logicalDates } from './logical-dates.ts';
export {
  type ColumnQuality,
  type DriftDetected,
  type DriftFinding,
  type LoggedPrediction,
  MONITOR_DEFAULTS,
  type MonitorReport,
  type MonitorSettings,
  type MonitorWindow,
  type Performance,
  PREDICTION_LOG_OWNER,
  type WindowComputed,
} from './monitor.ts';
export { CONTAINER_OPERATION, type Pipeline, pipelineFault, type Retraining, type Stage } from './pipeline.ts';
export {
  type Advanced,
  advance,
  newPipelineRun,
  type PipelineRun,
  type RunCommand,
  type RunEvent,
  type RunState,
  type StageRun,
  type StageState,
} from './pipeline-run.ts';
export * from './rollout/index.ts';
export {
  EVENT_TYPES,
  type EventType,
  type JsonObject,
  type JsonValue,
  LIFECYCLE_SERVICES,
  type LifecycleEvent,
  type LifecycleService,
  STAGE_MODEL,
} from './services.ts';
export { isTriggerEvent, isTriggeredBy, subjectOf, type Trigger, type TriggerEvent } from './trigger.ts';
