import type { Task, TaskError } from './task.ts';

/** An entry of the history of a task. Times are Unix milliseconds. */
export interface HistoryEntry {
  readonly event: 'submitted' | 'attempt' | 'gave_up' | 'expired' | 'canceled' | 'retried' | 'redriven';
  /** When it happened; the start of an attempt. */
  readonly at: number;
  /** Of an attempt: its number among the charged runs since the submit or the last retry. */
  readonly attempt?: number;
  readonly instance?: string;
  /** Absent while the attempt runs. */
  readonly endedAt?: number;
  /** `lost`: its instance died or lost its lease, at an unknown time. */
  readonly outcome?: 'succeeded' | 'failed' | 'aborted' | 'lost';
  readonly error?: TaskError;
  /** The user who did it. */
  readonly by?: string;
}

/** Entries that a task keeps. A task with more is not retried again, because its row would grow without bounds. */
export const MAX_HISTORY = 200;

/**
 * The history, oldest first. A final end is derived from the task instead of being stored, so the history of an
 * ordinary task costs nothing.
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

/**
 * The recorded attempt of a running task whose delivery was lost. Undefined if its end is in the history. A run that
 * was not recorded, because it was lost within its first 300 ms, is unknown.
 */
export function lostAttempt({ state, attempts, instance, startedAt, history = [] }: Task): HistoryEntry | undefined {
  if (state !== 'running' || startedAt === undefined) return undefined;
  const last = history.findLast(({ event }) => event === 'attempt');
  if (last && last.attempt === attempts && last.instance === instance && last.at >= startedAt) return undefined;
  const ranBy = instance === undefined ? {} : { instance };
  return { event: 'attempt', at: startedAt, attempt: attempts, ...ranBy, outcome: 'lost' };
}
