export type { BatchItem, BatchOptions } from './batch.ts';
export {
  type ClientOptions,
  type ModelTypes,
  Modelyard,
  type SubmitOptions,
} from './client.ts';
export { ApiError, type Problem, TaskError, UnreachableError } from './errors.ts';
export type { TaskEvent } from './events.ts';
export { isOver, type Task, type TaskState } from './task.ts';
