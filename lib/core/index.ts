export type { Contract, FieldError } from '#schema';
export { type Backoff, backoffMs } from './domain/backoff.ts';
export { CALL_RETENTION_MS, type Call, isCallKept, positionOfCall } from './domain/call.ts';
export { decodeEnvelope, type Envelope, encodeEnvelope, type TraceContext } from './domain/envelope.ts';
export { type ErrorCode, ModelyardError, UNREACHABLE, type Unavailable, unavailable } from './domain/errors.ts';
export { inBatches } from './domain/in-batches.ts';
export {
  HEARTBEAT_INTERVAL_MS,
  HEARTBEAT_TTL_MS,
  INSTANCE_STATES,
  type Instance,
  type InstanceState,
  isAlive,
  isServing,
} from './domain/instance.ts';
export {
  comparePositions,
  decodeCursor,
  encodeCursor,
  type ListPosition,
  type OwnerList,
} from './domain/list-cursor.ts';
export {
  type AcceptedContract,
  isModelName,
  MAX_MODEL_NAME_LENGTH,
  type Model,
  type ModelLimits,
} from './domain/model.ts';
export { MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, type Payload } from './domain/payload.ts';
export { isInstance, isModel } from './domain/registration-rules.ts';
export type { Task, TaskError, TaskResult } from './domain/task.ts';
export { applyEvent, type EventOutcome, type TaskEvent } from './domain/task-events.ts';
export { isTerminal, TASK_STATES, type TaskState, type TerminalState } from './domain/task-state.ts';
export {
  isUserName,
  MAX_USER_NAME_LENGTH,
  MIN_USER_NAME_LENGTH,
  type NewUser,
  USER_ROLES,
  type User,
  type UserRole,
  userNameKey,
} from './domain/user.ts';
export { newUserId, placeOfId, placeOfName, userOfId } from './domain/user-id.ts';
export type { BlobStore } from './ports/blob-store.ts';
export type { CallLog, CallPage, CallQuery } from './ports/call-log.ts';
export type { Clock } from './ports/clock.ts';
export {
  type ControlledInstance,
  INSTANCE_PHASES,
  type InstanceController,
  type InstancePhase,
} from './ports/instance-controller.ts';
export type { LogFields, Logger } from './ports/logger.ts';
export type { ContractStore, ModelRegistry, RegistrySnapshot } from './ports/model-registry.ts';
export type {
  ConsumeOptions,
  Delivery,
  LeaseObserver,
  QueueDepth,
  RejectReason,
  TaskConsumer,
  TaskQueue,
  TaskQueues,
} from './ports/task-queue.ts';
export { MAX_DEAD_LETTERS_COUNTED, type TaskPage, type TaskQuery, type TaskStore } from './ports/task-store.ts';
export type { UserStore } from './ports/user-store.ts';
export { type Backlog, type BacklogCount, createBacklog } from './usecases/backlog.ts';
export { createBacklogGate } from './usecases/backlog-gate.ts';
export {
  type InstanceView,
  instanceLimit,
  launchInstance,
  listInstances,
  stopInstance,
} from './usecases/control-instances.ts';
export { drainMs } from './usecases/estimate-start.ts';
export { createForecaster, meanServiceMs, type TaskForecast } from './usecases/forecast-task.ts';
export { expireOverdue, expiry, getTask, type ReadDeps, type TaskLookup } from './usecases/get-task.ts';
export { type DeadLetter, giveUpTask } from './usecases/give-up-task.ts';
export { holdsTasks } from './usecases/holds-tasks.ts';
export { listTasks } from './usecases/list-tasks.ts';
export { memoize } from './usecases/memoize.ts';
export {
  createModelDirectory,
  MAX_STALENESS_MS,
  type ModelDirectory,
  type ModelSummary,
  type ResolvedModel,
  type ServedModel,
} from './usecases/model-directory.ts';
export { type EncodedResult, readResult } from './usecases/read-result.ts';
export { beat, type Registered, type Registration, registerInstance } from './usecases/register-instance.ts';
export { loadPayload, storePayload } from './usecases/store-payload.ts';
export {
  DEFAULT_DEADLINE_SECONDS,
  MAX_DEADLINE_SECONDS,
  RETENTION_SECONDS,
  type SubmitCommand,
  submitTask,
} from './usecases/submit-task.ts';
export { type TaskWait, type WaitDeps, waitForTask } from './usecases/wait-for-task.ts';
export { createWaitPace, type WaitPace } from './usecases/wait-pace.ts';
export { createWaker, endWake, wakeModel } from './usecases/wake-model.ts';
