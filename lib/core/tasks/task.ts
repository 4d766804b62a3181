import type { Payload } from './payload.ts';

/** Every state a task can be in, in the order of its life. The last four are terminal. */
export const TASK_STATES = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'] as const;

export type TaskState = (typeof TASK_STATES)[number];
export type TerminalState = 'succeeded' | 'failed' | 'canceled' | 'expired';

const TERMINAL: ReadonlySet<TaskState> = new Set<TerminalState>(['succeeded', 'failed', 'canceled', 'expired']);

/** Nothing that happens later changes a task in such a state. */
export const isTerminal = (state: TaskState): state is TerminalState => TERMINAL.has(state);

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
  /**
   * The highest recorded fence: the number of the delivery whose start or end was recorded last. Refuses late
   * workers. 0 until one is recorded; never below `attempts`.
   */
  readonly fence: number;
  /** Runs charged to the task, the current one included. 0 until one is recorded. */
  readonly attempts: number;
  /** Which message of the task claimed it: 0 the original one, n the nth that a repeated submit sent. Absent until a start is recorded. */
  readonly copy?: number;
  /** Whether the recorded start was that of a suspect, which runs alone and is charged when it starts. Absent until a start is recorded. */
  readonly startedAlone?: boolean;
  /** Hash of the contract that the request was encoded with. */
  readonly contractHash: string;
  /** SHA-256 (hex) of the request bytes: tells a repeated submit from a conflicting one. */
  readonly requestHash: string;
  readonly createdAt: number;
  /** From this moment on the task is `expired` unless it has ended. */
  readonly deadlineAt: number;
  /** When the row may be deleted: the end of the promise to keep the result. */
  readonly retainedUntil: number;
  /** Messages that repeated submits have sent, or were about to send. Absent for none. */
  readonly copies?: number;
  /** When the last of them was recorded, before it was sent. */
  readonly resentAt?: number;
  /**
   * When the queue confirmed one of them. The confirmation of the original message is known only where it was queued
   * together with the task: elsewhere, recording it would cost a write.
   */
  readonly sentAt?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly result?: TaskResult;
  readonly error?: TaskError;
  /** The encoded envelope of a task that was given up, kept so that it can be sent round again. */
  readonly deadLetter?: Uint8Array;
}
