import { randomUUID } from 'node:crypto';
import type { BatchStore } from '../batches/batch.ts';
import type { PlaceStore } from './place-store.ts';
import type { Task, TaskState } from './task.ts';
import type { EventOutcome, TaskEvent } from './task-event.ts';

export interface TaskQuery {
  readonly owner: string;
  readonly model?: string;
  readonly state?: TaskState;
  /** 1–100. */
  readonly limit: number;
  /** `nextCursor` of the previous page. Opaque. An unknown cursor rejects with `invalid_request`. */
  readonly cursor?: string;
}

/** A task without its payloads. */
export type TaskHead = Pick<Task, 'id' | 'state' | 'deadlineAt'>;

export interface DeadLetterQuery {
  readonly model: string;
  /** 1–100. */
  readonly limit: number;
  /** `nextCursor` of the previous page. Opaque. An unknown cursor rejects with `invalid_request`. */
  readonly cursor?: string;
}

export interface TaskPage {
  /** Newest first. May be shorter than the limit or empty although there is a `nextCursor`. */
  readonly tasks: readonly Task[];
  readonly nextCursor?: string;
}

/** The time of the last cancel of a model in Unix milliseconds, and a unique suffix: each cancel has another mark. */
export type CancelMark = string;

export const newCancelMark = (now: number): CancelMark => `${now}.${randomUUID()}`;

/** How long a mark is kept: longer than a message stays in its queue. */
export const CANCEL_MARK_SECONDS = 15 * 24 * 3600;

/**
 * Notifies the instances of a model of canceled tasks, at the cost of one small read instead of a read of each task.
 * All methods reject with `store_unavailable`.
 */
export interface CancelMarks {
  /** How old a mark may be for a task that starts. 0: it is read before every start. */
  readonly startAgeMs: number;
  /** Interval at which the mark is read during runs. Shorter runs cause no read. */
  readonly runIntervalMs: number;
  /** Replaces the mark of the model. */
  put(model: string, mark: CancelMark): Promise<void>;
  /** Consistent: sees every `put` that has resolved. Undefined if no task was canceled within `CANCEL_MARK_SECONDS`. */
  get(model: string): Promise<CancelMark | undefined>;
}

/** Pace of stores whose reads cost nothing. */
export const CHEAP_CANCEL_PACE = { startAgeMs: 0, runIntervalMs: 250 } as const;

/** Maximum of `countDeadLetters`, so that one read is enough. */
export const MAX_DEAD_LETTERS_COUNTED = 1000;

/**
 * Stores all tasks by id. Reads are consistent: `get` sees every `create` and `apply` that has resolved. All methods
 * reject with `store_unavailable`.
 */
export interface TaskStore {
  readonly cancels: CancelMarks;
  readonly batches: BatchStore;
  readonly places: PlaceStore;
  /**
   * Whether tasks keep their requests from their first write on, so that their owners can read them at any time. Absent
   * where a write costs by its size.
   */
  readonly keepsRequests?: true;
  /** Stores a new task and resolves with undefined. If the id is taken, resolves with the existing task. */
  create(task: Task): Promise<Task | undefined>;
  get(id: string): Promise<Task | undefined>;
  /** The fields of many tasks that counts need, in the order of the ids. Undefined for a task that does not exist. */
  heads(ids: readonly string[]): Promise<readonly (TaskHead | undefined)[]>;
  /** A cheaper `get` that may return stale data. Absent if it would not be cheaper. */
  peek?(id: string): Promise<Task | undefined>;
  /** Applies the event atomically, by the rules of `applyEvent`. Of two conflicting events exactly one is applied. */
  apply(id: string, event: TaskEvent): Promise<EventOutcome>;
  /**
   * Undoes `create` for a task whose message was not confirmed. The id is free afterwards. Does nothing if the stored
   * task is another one, or was started or sent again, because another caller may rely on it then.
   */
  withdraw(task: Task): Promise<void>;
  /** Deletes a task in any state, because its owner is deleted. */
  erase(task: Task): Promise<void>;
  /** Rejects with `route_not_found` if the platform keeps no lists. */
  list(query: TaskQuery): Promise<TaskPage>;
  /** Tasks of a model that were given up, the newest first. */
  listDeadLetters(query: DeadLetterQuery): Promise<TaskPage>;
  /**
   * Number of stored tasks of a model that were given up, at most `MAX_DEAD_LETTERS_COUNTED`. One read; may be stale.
   */
  countDeadLetters(model: string): Promise<number>;
  /**
   * Resolves when the task has probably ended, or when the signal aborts. Resolves with the task if the notification of
   * its success included it, which saves a read. Absent in stores without notifications; they are polled.
   */
  untilEnded?(id: string, signal: AbortSignal): Promise<Task | undefined>;
}
