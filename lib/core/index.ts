export type { Contract, FieldError } from '#contract';
export { type Backoff, backoffMs } from './backoff.ts';
export * from './batches/index.ts';
export { CALL_RETENTION_DAYS, CALL_RETENTION_MS, type Call, isCallKept, positionOfCall } from './calls/call.ts';
export { type CallLog, type CallPage, type CallQuery, EVERYBODY, isAskedFor } from './calls/call-log.ts';
export { type AnsweredCall, CallRecorder } from './calls/call-recorder.ts';
export type { Clock } from './clock.ts';
export { type ClockReading, DAY_MS, StoreClock } from './clock.ts';
export { dropOldest } from './drop-oldest.ts';
export {
  codeOf,
  type ErrorCode,
  isUnavailable,
  ModelyardError,
  type Quota,
  UNREACHABLE,
  type Unavailable,
  unavailable,
} from './errors.ts';
export { type FieldRule, flag, isRecord, oneOf, whole } from './field-rules.ts';
export { Heap } from './heap.ts';
export {
  type AdoptedLaunch,
  type ControlledInstance,
  INSTANCE_PHASES,
  type InstanceController,
  type InstancePhase,
  type InstanceView,
  instanceLimit,
  launchInstance,
  listInstances,
  stopInstance,
} from './instances/control-instances.ts';
export {
  HEARTBEAT_INTERVAL_MS,
  HEARTBEAT_TTL_MS,
  INSTANCE_STATES,
  type Instance,
  type InstanceState,
  isAlive,
  isInstance,
  isServing,
  MODEL_CONDITIONS,
  type ModelConditionName,
  type StartFailure,
} from './instances/instance.ts';
export { type InstanceLogs, type LogLine, type LogQuery, matchingLines, readLogs } from './instances/instance-logs.ts';
export { type LogEvent, type LogLevel, parseLine } from './instances/log-event.ts';
export { beat, type Registration, registerInstance } from './instances/register-instance.ts';
export {
  createRequestGate,
  type ReceivedRequest,
  type RequestGate,
  type RequestVerdict,
  UNSERVED_PATIENCE_MS,
} from './instances/request-gate.ts';
export {
  type Demand,
  decideInstances,
  NO_MEMORY,
  SCALE_IN_WINDOW_MS,
  type ScalingLimits,
  type ScalingMemory,
} from './instances/scale-instances.ts';
export { type InstanceScaler, type ScaledService, scaleModel } from './instances/scale-model.ts';
export {
  type FailedInstance,
  failureBefore,
  forgetFailedStarts,
  modelFailing,
  reportFailedStart,
} from './instances/start-failures.ts';
export { type StartLook, type StartTests, testStart } from './instances/test-start.ts';
export * from './lifecycle/index.ts';
export { comparePositions, cursorsOf, inBatches, inGroups, type ListPosition } from './lists.ts';
export type { LogFields, Logger } from './logger.ts';
export { memoize } from './memoize.ts';
export {
  contractVersionOf,
  exactAddress,
  isVersionedName,
  MAX_CONTRACT_VERSION,
  modelAddress,
  parseAddress,
  publicName,
  versionedName,
} from './models/contract-version.ts';
export {
  type AcceptedContract,
  isModel,
  isModelName,
  MAX_MODEL_NAME_LENGTH,
  type Model,
  modelName,
} from './models/model.ts';
export {
  createModelDirectory,
  MAX_STALENESS_MS,
  type ModelDirectory,
  type ModelSummary,
  type ResolvedModel,
  type ServedModel,
  type UnstartedModel,
} from './models/model-directory.ts';
export {
  completeLimits,
  LIMIT_NAMES,
  type LimitName,
  MAX_ATTEMPTS,
  MAX_TIMEOUT_SECONDS,
  MODEL_LIMITS,
  type ModelLimits,
  type RegisteredManifest,
  TEXT_RULES,
} from './models/model-manifest.ts';
export {
  type ContractStore,
  cachedContracts,
  type ModelRegistry,
  type RegistrySnapshot,
} from './models/model-registry.ts';
export { moveDefaultVersion } from './models/move-default.ts';
export { createWaker, endWake, wakeModel } from './models/wake-model.ts';
export type { Notice, Notifier } from './outbound/notifier.ts';
export {
  type DownloadTarget,
  type Email,
  MAX_ANSWER_BYTES,
  type Outbound,
  type OutboundAnswer,
  type OutboundRequest,
} from './outbound/outbound.ts';
export type { ListedHosts } from './outbound/outbound-url.ts';
export * from './stats/index.ts';
export {
  type Backlog,
  type BacklogCount,
  createBacklog,
  drainMs,
  holdsTasks,
} from './tasks/backlog.ts';
export { decodeEnvelope, type Envelope, encodeEnvelope, readEnvelope, type TraceContext } from './tasks/envelope.ts';
export { flowOf, PRIORITIES, type Priority, TURN_COST, turnOf } from './tasks/fair-order.ts';
export { createForecaster, meanServiceMs, type TaskForecast } from './tasks/forecast-task.ts';
export { type DeadLetter, giveUpTask } from './tasks/give-up-task.ts';
export {
  type DeliveryDecision,
  type DropReason,
  expiryOf,
  judgeMessage,
  judgeWithTask,
  MAX_UNCHARGED_LOSSES,
  postpone,
  roundOf,
} from './tasks/judge-delivery.ts';
export { bothQuotas, latePlaces } from './tasks/late-places.ts';
export { isLinked } from './tasks/linked-result.ts';
export { listTasksOfAll } from './tasks/list-tasks-of-all.ts';
export type { BlobStore } from './tasks/payload.ts';
export { loadPayload, MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, type Payload, storePayload } from './tasks/payload.ts';
export { CHEAP_LOOK_MS, newPlace, type Place, type PlaceStore, readPlace } from './tasks/place-store.ts';
export {
  type EncodedResult,
  expireOverdue,
  expiry,
  getTask,
  listTasks,
  type ReadDeps,
  readResult,
  type TaskLookup,
} from './tasks/read-tasks.ts';
export * from './tasks/steering.ts';
export {
  type AcceptTask,
  DEFAULT_DEADLINE_SECONDS,
  keyedTaskId,
  MAX_DEADLINE_SECONDS,
  RESEND_INTERVAL_MS,
  RETENTION_SECONDS,
  type SubmitCommand,
  submitTask,
} from './tasks/submit-task.ts';
export type { Task, TaskError, TaskResult } from './tasks/task.ts';
export { isTerminal, storableError, TASK_STATES, type TaskState, type TerminalState } from './tasks/task.ts';
export type { EventOutcome, StartedEvent, TaskEvent } from './tasks/task-event.ts';
export * from './tasks/task-progress.ts';
export {
  type CarriedCounts,
  type ConsumeOptions,
  countsOfCopy,
  countsOfDeadLetter,
  countsOfDelivery,
  type DeadLetterFollower,
  type Delivery,
  type LeaseObserver,
  type QueueDepth,
  type QueuedMessage,
  type RejectReason,
  type ReleaseOptions,
  type RetryOptions,
  SHORT_PREFETCH_MS,
  type StoredCounts,
  type TaskConsumer,
  type TaskQueue,
  type TaskQueues,
  type TurnReservation,
} from './tasks/task-queue.ts';
export {
  CANCEL_MARK_SECONDS,
  type CancelMark,
  type CancelMarks,
  CHEAP_CANCEL_PACE,
  type DeadLetterQuery,
  MAX_DEAD_LETTERS_COUNTED,
  type TaskHead,
  type TaskPage,
  type TaskQuery,
  type TaskStore,
} from './tasks/task-store.ts';
export { tooManyAtOnce } from './tasks/too-many.ts';
export * from './tasks/transfers.ts';
export { createWaitPace, type TaskWait, type WaitDeps, type WaitPace, waitForTask } from './tasks/wait-for-task.ts';
export { inSpan, type Span, type SpanAttributes, type SpanEnding, type SpanStart, type Tracing } from './tracing.ts';
export * from './users/index.ts';
export type {
  SendDeps,
  SignedMessage,
  Webhook,
  WebhookAttempt,
  WebhookDelivery,
  WebhookSecrets,
} from './webhooks/index.ts';
export {
  type DocumentTimes,
  FREQUENT_LOOKS,
  type ReceivedKey,
  type StoredDocument,
  type WebhookStore,
} from './webhooks/webhook-store.ts';
