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
  const last = unstoredAttempt(task);
  return [submitted, ...endsLast([...(task.history ?? []), ...(last ? [last] : [])])];
}

/** An attempt that is stored after the end of its round, or not at all, came before that end. */
const endsLast = (entries: readonly HistoryEntry[]): readonly HistoryEntry[] =>
  entries.flatMap((entry, at) => {
    const next = entries[at + 1];
    if (END_EVENTS.has(entry.event) && next?.event === 'attempt') return [next, entry];
    return entry.event === 'attempt' && END_EVENTS.has(entries[at - 1]?.event) ? [] : [entry];
  });

const END_EVENTS: ReadonlySet<HistoryEntry['event'] | undefined> = new Set(['gave_up', 'expired', 'canceled']);

/** The recorded attempt whose end is not in the stored history. A retry stores it, because it begins another one. */
export function unstoredAttempt(task: Task): HistoryEntry | undefined {
  const { state, startedAt, endedAt } = task;
  if (startedAt === undefined || state === 'queued' || isStored(task, startedAt)) return undefined;
  const attempt = attemptOf(task, startedAt);
  if (state === 'running') return attempt;
  // An instance stores the end of a run that failed, so one that is given up without it was lost.
  if (state === 'failed') return { ...attempt, outcome: 'lost' };
  const outcome = state === 'succeeded' ? 'succeeded' : 'aborted';
  return { ...attempt, ...(endedAt === undefined ? {} : { endedAt }), outcome };
}

/**
 * The recorded attempt of a running task whose delivery was lost. Undefined if its end is in the history. A run that
 * was not recorded, because it was lost within its first 300 ms, is unknown.
 */
export function lostAttempt(task: Task): HistoryEntry | undefined {
  const { state, startedAt } = task;
  if (state !== 'running' || startedAt === undefined || isStored(task, startedAt)) return undefined;
  return { ...attemptOf(task, startedAt), outcome: 'lost' };
}

/** The clock of a store is read from its answers, on AWS with whole seconds. */
const MAX_CORRECTION_MS = 1500;

const isStored = ({ attempts, instance, history = [] }: Task, startedAt: number): boolean =>
  history.some(
    (entry) =>
      entry.event === 'attempt' &&
      entry.attempt === attempts &&
      entry.instance === instance &&
      // A failed start is stored with the time of its run: a moment later, by a clock that is corrected in between.
      entry.at >= startedAt - MAX_CORRECTION_MS,
  );

const attemptOf = ({ attempts, instance }: Task, startedAt: number): HistoryEntry => ({
  event: 'attempt',
  at: startedAt,
  attempt: attempts,
  ...(instance === undefined ? {} : { instance }),
});
