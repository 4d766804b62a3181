import { type HistoryEntry, historyOf, type Task } from '#core';
import { summarizeTask, type TaskSummaryBody } from './task-presenter.ts';

/** An entry of the history of a task in the HTTP API. Fields that do not apply are null. */
export interface HistoryBody {
  readonly event: HistoryEntry['event'];
  readonly at: string;
  readonly attempt: number | null;
  readonly instance: string | null;
  readonly ended_at: string | null;
  readonly outcome: string | null;
  readonly error: TaskSummaryBody['error'];
  readonly by: string | null;
}

export const presentHistory = (task: Task): { readonly task_id: string; readonly events: readonly HistoryBody[] } => ({
  task_id: task.id,
  events: historyOf(task).map(presentEntry),
});

export const presentEntry = (entry: HistoryEntry): HistoryBody => ({
  event: entry.event,
  at: new Date(entry.at).toISOString(),
  attempt: entry.attempt ?? null,
  instance: entry.instance ?? null,
  ended_at: entry.endedAt === undefined ? null : new Date(entry.endedAt).toISOString(),
  outcome: entry.outcome ?? null,
  error: entry.error
    ? { code: entry.error.code, message: entry.error.message, retryable: entry.error.retryable }
    : null,
  by: entry.by ?? null,
});

/** A task that was given up, for operators. */
export interface DeadLetterBody extends TaskSummaryBody {
  readonly owner: string;
}

export const presentDeadLetter = (task: Task): DeadLetterBody => ({ ...summarizeTask(task), owner: task.owner });
