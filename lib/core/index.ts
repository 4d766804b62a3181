export type { Contract, FieldError } from '#schema';
export { type ErrorCode, ModelyardError, unavailable } from './domain/errors.ts';
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
  type AcceptedContract,
  isModelName,
  MAX_MODEL_NAME_LENGTH,
  type Model,
  type ModelLimits,
} from './domain/model.ts';
export { MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, type Payload } from './domain/payload.ts';
export type { Task, TaskError, TaskResult } from './domain/task.ts';
export { applyEvent, type EventOutcome, type TaskEvent } from './domain/task-events.ts';
export { isTerminal, TASK_STATES, type TaskState, type TerminalState } from './domain/task-state.ts';
export type { BlobStore } from './ports/blob-store.ts';
export type { Clock } from './ports/clock.ts';
export type { ControlledInstance, InstanceController } from './ports/instance-controller.ts';
export type { LogFields, Logger } from './ports/logger.ts';
export type { ContractStore, ModelRegistry, RegistrySnapshot } from './ports/model-registry.ts';
export type {
  ConsumeOptions,
  Delivery,
  QueueDepth,
  RejectReason,
  TaskConsumer,
  TaskQueue,
  TaskQueues,
} from './ports/task-queue.ts';
export type { TaskPage, TaskQuery, TaskStore } from './ports/task-store.ts';
