import type { Payload } from './payload.ts';
import type { TaskState } from './task-state.ts';

/** Why a task did not succeed, as its owner sees it. */
export interface TaskError {
  /** Stable and machine-readable, for example `invalid_input`, `timeout`, `attempts_exhausted`. */
  readonly code: string;
  readonly message: string;
  /** True when submitting the same request again may succeed. */
  readonly retryable: boolean;
}

/** What a model answered, and the contract that reads it. */
export interface TaskResult {
  readonly contractHash: string;
  readonly payload: Payload;
}

/** One prediction request to one model, as the task store keeps it. Times are Unix milliseconds. */
export interface Task {
  readonly id: string;
  readonly model: string;
  readonly owner: string;
  readonly state: TaskState;
  /** The highest attempt known to have started; also the fence that refuses late workers. 0 until one is recorded. */
  readonly attempts: number;
  /** Hash of the contract that the request was encoded with. */
  readonly contractHash: string;
  /** SHA-256 (hex) of the request bytes: tells a repeated submit from a conflicting one. */
  readonly requestHash: string;
  readonly createdAt: number;
  /** From this moment on the task is `expired` unless it has ended. */
  readonly deadlineAt: number;
  /** When the row may be deleted: the end of the promise to keep the result. */
  readonly retainedUntil: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly result?: TaskResult;
  readonly error?: TaskError;
  /** The encoded envelope of a task that was given up, kept so that it can be sent round again. */
  readonly deadLetter?: Uint8Array;
}
