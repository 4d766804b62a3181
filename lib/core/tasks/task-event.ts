import type { TaskError, TaskResult } from './task.ts';
import type { HistoryEntry } from './task-history.ts';
import type { TaskProgress } from './task-progress.ts';

/** `requestHash` is that of the request that the worker read. Messages of earlier builds have none. */
interface WorkerEvent {
  readonly requestHash?: string | undefined;
  /** The round of the message. @default 0; of `expired`: any */
  readonly round?: number | undefined;
  /** Unix milliseconds. */
  readonly at: number;
}

/** A run under the delivery with this fence. `attempts`: the number of this run among the charged runs. */
export interface RunEvent extends WorkerEvent {
  readonly fence: number;
  readonly attempts: number;
  /** The instance that ran it. */
  readonly instance?: string | undefined;
  /** The reported progress. Absent: unchanged. */
  readonly progress?: TaskProgress | undefined;
}

export interface StartedEvent extends RunEvent {
  readonly type: 'started';
  /** The message that claims the task. Messages with another number are refused afterwards. */
  readonly copy: number;
  /** The task is a suspect, so nothing else runs in the process. */
  readonly alone: boolean;
  /** The attempt before, if its delivery was lost. */
  readonly lost?: HistoryEntry;
}

export type TaskEvent =
  | StartedEvent
  | (RunEvent & {
      readonly type: 'succeeded';
      readonly startedAt: number;
      readonly result: TaskResult;
      readonly envelope?: Uint8Array;
    })
  | (RunEvent & {
      readonly type: 'failed';
      readonly startedAt?: number;
      readonly error: TaskError;
      readonly envelope?: Uint8Array;
    })
  /** The model reported progress. */
  | (RunEvent & { readonly type: 'progressed' })
  /** A run that another one or the dead-letter queue follows. */
  | (RunEvent & { readonly type: 'attempt-failed'; readonly startedAt: number; readonly error: TaskError })
  /** The message went to the dead-letter queue. No worker holds the task, so no fence applies. */
  | (WorkerEvent & {
      readonly type: 'gave-up';
      /** Charged runs according to the queue. */
      readonly attempts: number;
      readonly error: TaskError;
      readonly envelope: Uint8Array;
    })
  /** Refused before the deadline of the stored task. */
  | (WorkerEvent & { readonly type: 'expired'; readonly error: TaskError; readonly envelope?: Uint8Array })
  /** The message of a task that a reader has ended as expired. */
  | (WorkerEvent & { readonly type: 'found'; readonly envelope: Uint8Array })
  /** The task is about to be sent again. `round`: the new one. */
  | {
      readonly type: 'retried' | 'redriven';
      readonly at: number;
      readonly by: string;
      readonly round: number;
      readonly deadlineAt: number;
      /** The attempt of the round before whose end is not in the history. */
      readonly last?: HistoryEntry;
      /** The message that is about to be sent. Absent if only the message of an earlier round has the request. */
      readonly envelope?: Uint8Array;
    }
  /** A repeated submit or retry is about to send message number `copy`. */
  | (WorkerEvent & { readonly type: 'resent'; readonly copy: number })
  /** The queue confirmed a message that a repeated submit or a retry sent. */
  | (WorkerEvent & { readonly type: 'sent' })
  | { readonly type: 'canceled'; readonly at: number; readonly by?: string };

/**
 * - `applied`: the task was changed.
 * - `terminal`: the task had ended before.
 * - `mismatched`: the task has another request or a later deadline. The event belongs to an earlier task of this id.
 * - `other-copy`: another message of the task has claimed it.
 * - `superseded`: a newer delivery is recorded. For `resent`: the task was started or sent in the meantime. For
 *   `retried`, `redriven` and `found`: the task is not in the state for it.
 * - `missing`: the task does not exist.
 *
 * Only `applied` changes the task.
 */
export type EventOutcome = 'applied' | 'terminal' | 'mismatched' | 'other-copy' | 'superseded' | 'missing';
