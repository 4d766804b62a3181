import type { Payload } from './payload.ts';
import type { HistoryEntry } from './task-history.ts';
import type { TaskProgress } from './task-progress.ts';

/** In the order of a task's life. The last four are terminal. */
export const TASK_STATES = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'] as const;

export type TaskState = (typeof TASK_STATES)[number];
export type TerminalState = 'succeeded' | 'failed' | 'canceled' | 'expired';

const TERMINAL: ReadonlySet<TaskState> = new Set<TerminalState>(['succeeded', 'failed', 'canceled', 'expired']);

/** A terminal state never changes. */
export const isTerminal = (state: TaskState): state is TerminalState => TERMINAL.has(state);

/** Why a task did not succeed, for its owner. */
export interface TaskError {
  /** Stable and machine-readable, for example `invalid_input`, `timeout`, `attempts_exhausted`. */
  readonly code: string;
  readonly message: string;
  /** Whether the same request may succeed if it is submitted again. */
  readonly retryable: boolean;
}

/** Limits of the texts of an error. A row and the headers of a dead letter have room for several. */
const MAX_ERROR_LENGTH = 1000;
const MAX_CODE_LENGTH = 100;

/** The error as it is stored. A model may throw anything, such as its whole input. */
export function storableError<Error extends Pick<TaskError, 'code' | 'message'>>(error: Error): Error {
  const { code, message } = error;
  if (message.length <= MAX_ERROR_LENGTH && code.length <= MAX_CODE_LENGTH) return error;
  const short = (text: string, max: number) =>
    text.length <= max ? text : `${text.slice(0, max - 1).toWellFormed()}…`;
  return { ...error, code: short(code, MAX_CODE_LENGTH), message: short(message, MAX_ERROR_LENGTH) };
}

/** The response of the model and its contract. */
export interface TaskResult {
  readonly contractHash: string;
  readonly payload: Payload;
}

/** One prediction request to one model, as stored. Times are Unix milliseconds. */
export interface Task {
  readonly id: string;
  readonly model: string;
  readonly owner: string;
  readonly state: TaskState;
  /**
   * The highest recorded fence: the number of the delivery whose start or end was recorded last. Events with a lower
   * fence are refused. 0 before the first; never below `attempts`.
   */
  readonly fence: number;
  /** Charged runs, including the current one. 0 before the first recorded start. */
  readonly attempts: number;
  /** The `copy` of the message that claimed the task. Absent before the first recorded start. */
  readonly copy?: number;
  /** The recorded run was alone and charged at its start. Absent before the first recorded start. */
  readonly startedAlone?: boolean;
  /** Hash of the contract that the request was encoded with. */
  readonly contractHash: string;
  /** SHA-256 (hex) of the request bytes. Detects an idempotency key that is reused for another request. */
  readonly requestHash: string;
  readonly createdAt: number;
  /** A task that has not ended by then is `expired`. */
  readonly deadlineAt: number;
  /** When the stored task may be deleted. */
  readonly retainedUntil: number;
  /** Messages that repeated submits or retries have sent or are about to send. Absent if none. */
  readonly copies?: number;
  /** When the last of them was recorded, before it was sent. */
  readonly resentAt?: number;
  /**
   * When the queue confirmed a message of a repeated submit, or of the last retry. The confirmation of the original
   * message is recorded only on platforms that store task and message in one transaction: elsewhere it would cost a
   * write.
   */
  readonly sentAt?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly result?: TaskResult;
  readonly error?: TaskError;
  /** The envelope of a task that was given up, so that the task can be sent again. */
  readonly deadLetter?: Uint8Array;
  /**
   * The envelope of a task that failed or expired otherwise, or was retried, so that it can be sent again; or of any
   * task, if the store keeps requests; or of one that succeeded whose answer is logged, so that a lost log can be rebuilt.
   */
  readonly envelope?: Uint8Array;
  /** How often the task was retried or redriven. Absent if never. Messages of earlier rounds are refused. */
  readonly round?: number;
  /** The instance whose start or end was recorded last. */
  readonly instance?: string;
  /** The progress reports since the submit or the last retry. Absent without any. */
  readonly progress?: TaskProgress;
  /** See `historyOf`. Absent for a task with at most one run. */
  readonly history?: readonly HistoryEntry[];
}
