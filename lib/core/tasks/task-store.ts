import type { Task, TaskState } from './task.ts';
import type { EventOutcome, TaskEvent } from './task-events.ts';

export interface TaskQuery {
  readonly owner: string;
  readonly model?: string;
  readonly state?: TaskState;
  /** 1–100. */
  readonly limit: number;
  /** `nextCursor` of the page before. Opaque; a cursor that was not issued rejects with `invalid_request`. */
  readonly cursor?: string;
}

export interface TaskPage {
  /** Newest first. May be shorter than the limit, even empty, while `nextCursor` says there is more. */
  readonly tasks: readonly Task[];
  readonly nextCursor?: string;
}

/** Dead letters are not counted any further: so many are trouble enough, and one read finds them. */
export const MAX_DEAD_LETTERS_COUNTED = 1000;

/**
 * Every task, by id. Reads are consistent: what `create` and `apply` resolved is seen by the next `get`.
 * All methods reject with `store_unavailable` when the store cannot be reached.
 */
export interface TaskStore {
  /** Keeps a new task. Resolves with the task that already has this id, or undefined when this one was kept. */
  create(task: Task): Promise<Task | undefined>;
  get(id: string): Promise<Task | undefined>;
  /** As `get`, cheaper and perhaps a moment behind. Stores for which that saves nothing leave it out. */
  peek?(id: string): Promise<Task | undefined>;
  /** Applies the event if `applyEvent` says so, atomically; of two racing events exactly one is applied. */
  apply(id: string, event: TaskEvent): Promise<EventOutcome>;
  /**
   * Undoes `create` for a task whose message was not confirmed: it is gone from `get` and `list`, its id is free again.
   * Does nothing unless the stored task is of the same creation and was neither started nor sent again, because
   * somebody may rely on it then.
   */
  withdraw(task: Task): Promise<void>;
  /** Rejects with `route_not_found` where no lists are kept. */
  list(query: TaskQuery): Promise<TaskPage>;
  /**
   * How many tasks of a model were given up and are still kept: at most `MAX_DEAD_LETTERS_COUNTED`, found by
   * one read. May be a moment behind.
   */
  countDeadLetters(model: string): Promise<number>;
  /**
   * Resolves when the task has probably ended, or when the signal aborts; with the task itself where its success
   * was told, which saves a read. Stores that cannot tell leave it out, and are polled.
   */
  untilEnded?(id: string, signal: AbortSignal): Promise<Task | undefined>;
}
