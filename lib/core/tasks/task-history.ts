import type { Task, TaskError } from './task.ts';

/** Something that happened to a task. Times are Unix milliseconds. */
export interface HistoryEntry {
  readonly event: 'submitted' | 'attempt' | 'gave_up' | 'expired' | 'canceled' | 'retried' | 'redriven';
  /** When it happened; the start of an attempt. */
  readonly at: number;
  /** Of an attempt: its number among the charged runs since the submit or the last retry. */
  readonly attempt?: number;
  readonly instance?: string;
  /** Absent while the attempt runs. */
  readonly endedAt?: number;
  readonly outcome?: 'succeeded' | 'failed' | 'aborted';
  readonly error?: TaskError;
  /** The user who did it. */
  readonly by?: string;
}

/** Entries that a task keeps. A task with more is not retried again, because its row would grow without bounds. */
export const MAX_HISTORY = 200;

/**
 * All that happened, oldest first. Ends without another run are not stored as entries, because the task has them: so the
 * history of an ordinary task costs nothing.
 */
export function historyOf(task: Task): readonly HistoryEntry[] {
  const submitted = { event: 'submitted', at: task.createdAt, by: task.owner } as const;
  return [submitted, ...(task.history ?? []), ...lastAttempt(task)];
}

/** Failed attempts are stored as entries. */
function lastAttempt({ state, attempts, instance, startedAt, endedAt }: Task): readonly HistoryEntry[] {
  if (startedAt === undefined || state === 'failed' || state === 'queued') return [];
  const outcome = state === 'running' ? undefined : state === 'succeeded' ? 'succeeded' : 'aborted';
  return [
    {
      event: 'attempt',
      at: startedAt,
      attempt: attempts,
      ...(instance === undefined ? {} : { instance }),
      ...(endedAt === undefined ? {} : { endedAt }),
      ...(outcome === undefined ? {} : { outcome }),
    },
  ];
}
