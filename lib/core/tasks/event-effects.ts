import type { Task, TaskError, TaskState, TerminalState } from './task.ts';
import type { RunEvent, TaskEvent } from './task-event.ts';
import type { HistoryEntry } from './task-history.ts';

/** The preconditions of an event for a task that has not ended, in the order of the checks. */
export interface EventGuard {
  /** The task must be in one of these states, otherwise `superseded`. @default any that is not terminal */
  readonly from?: readonly TaskState[];
  /** Must equal the task's, 0 without one, otherwise `mismatched`. */
  readonly round?: number | undefined;
  /** Must equal the task's, otherwise `mismatched`. */
  readonly requestHash?: string | undefined;
  /** The task's deadline must not be later, otherwise `mismatched`. */
  readonly latestDeadline?: number;
  /** The task must be claimed by this copy or by none, otherwise `other-copy`. */
  readonly copy?: number;
  /**
   * `start`: the recorded fence must be lower. It may be equal if this start is alone and the recorded one was not.
   * `end`: the recorded fence must not be higher. Otherwise `superseded`.
   */
  readonly fence?: { readonly of: 'start' | 'end'; readonly value: number; readonly alone?: boolean };
  /** The task must not be started or confirmed, and must have one copy fewer than this, otherwise `superseded`. */
  readonly nextCopy?: number;
}

export type TaskChanges = Partial<
  Pick<
    Task,
    | 'state'
    | 'fence'
    | 'attempts'
    | 'copy'
    | 'startedAlone'
    | 'copies'
    | 'resentAt'
    | 'sentAt'
    | 'startedAt'
    | 'endedAt'
    | 'result'
    | 'error'
    | 'deadLetter'
    | 'envelope'
    | 'round'
    | 'instance'
    | 'deadlineAt'
    | 'progress'
  >
>;

/** Fields that are removed when a task is sent again. */
const CLEARED = [
  'copy',
  'startedAlone',
  'copies',
  'resentAt',
  'sentAt',
  'startedAt',
  'endedAt',
  'error',
  'deadLetter',
  'instance',
  'progress',
] as const satisfies readonly (keyof Task)[];
export type ClearedField = (typeof CLEARED)[number] | 'envelope';

/** The preconditions and changes of an event, independent of the task. */
export interface EventEffect {
  readonly guard: EventGuard;
  readonly changes: TaskChanges;
  /** The task has at least this many attempts afterwards. */
  readonly minAttempts?: number;
  /** Removed fields. */
  readonly clears?: readonly ClearedField[];
  /** Appended to the history. */
  readonly entries?: readonly HistoryEntry[];
}

/** Stores derive their conditional writes from this, so that there is one definition of the rules. */
export function effectOf(event: TaskEvent): EventEffect {
  switch (event.type) {
    case 'started': {
      const { requestHash, round = 0, copy, fence, attempts, alone, at, lost } = event;
      return {
        guard: { requestHash, round, copy, fence: { of: 'start', value: fence, alone } },
        changes: { state: 'running', fence, attempts, copy, startedAlone: alone, startedAt: at, ...ranBy(event) },
        ...(lost ? { entries: [lost] } : {}),
      };
    }
    case 'succeeded': {
      const { startedAt, result, envelope } = event;
      const kept = { startedAt, result, ...(envelope ? { envelope } : {}) };
      return {
        guard: endGuard(event),
        changes: { ...runEnded('succeeded', event), ...kept },
        ...(envelope ? {} : doneIn(event.round)),
      };
    }
    case 'failed': {
      const { startedAt = event.at, error, envelope } = event;
      const kept = { ...(event.startedAt === undefined ? {} : { startedAt }), ...(envelope ? { envelope } : {}) };
      return {
        guard: endGuard(event),
        changes: { ...runEnded('failed', event), ...kept, error },
        entries: [failedAttempt({ ...event, startedAt })],
      };
    }
    case 'attempt-failed':
      return { guard: endGuard(event), changes: toldBy(event), entries: [failedAttempt(event)] };
    case 'progressed':
      return { guard: { ...endGuard(event), from: ['running'] }, changes: toldBy(event) };
    case 'gave-up':
      return {
        guard: { requestHash: event.requestHash, round: event.round ?? 0 },
        changes: { ...ended('failed', event.at), error: event.error, deadLetter: event.envelope },
        minAttempts: event.attempts,
        entries: [{ event: 'gave_up', at: event.at, error: event.error }],
      };
    case 'expired':
      return {
        guard: {
          requestHash: event.requestHash,
          latestDeadline: event.at,
          ...(event.round === undefined ? {} : { round: event.round }),
        },
        changes: {
          ...ended('expired', event.at),
          error: event.error,
          ...(event.envelope ? { envelope: event.envelope } : {}),
        },
        entries: [{ event: 'expired', at: event.at }],
      };
    case 'found': {
      const { requestHash, round = 0, envelope } = event;
      return { guard: { from: ['expired'], requestHash, round }, changes: { envelope } };
    }
    case 'retried':
    case 'redriven': {
      const { at, by, round, deadlineAt, envelope, last } = event;
      return {
        guard: { from: ['failed', 'expired'], round: round - 1 },
        changes: { state: 'queued', fence: 0, attempts: 0, round, deadlineAt, ...(envelope ? { envelope } : {}) },
        clears: CLEARED,
        entries: [...(last ? [last] : []), { event: event.type, at, by }],
      };
    }
    case 'resent':
      return {
        guard: { requestHash: event.requestHash, round: event.round ?? 0, nextCopy: event.copy },
        changes: { copies: event.copy, resentAt: event.at },
      };
    case 'sent':
      return { guard: { requestHash: event.requestHash, round: event.round ?? 0 }, changes: { sentAt: event.at } };
    case 'canceled':
      return {
        guard: {},
        changes: ended('canceled', event.at),
        entries: [{ event: 'canceled', at: event.at, ...(event.by === undefined ? {} : { by: event.by }) }],
      };
  }
}

/** A task that was retried and has succeeded is not sent again, so it need not keep its message. */
const doneIn = (round = 0): Pick<EventEffect, 'clears'> => (round > 0 ? { clears: ['envelope'] } : {});

const endGuard = ({ requestHash, round = 0, fence }: RunEvent): EventGuard => ({
  requestHash,
  round,
  fence: { of: 'end', value: fence },
});

const runEnded = (state: TerminalState, event: RunEvent): TaskChanges => ({
  ...ended(state, event.at),
  fence: event.fence,
  attempts: event.attempts,
  ...ranBy(event),
  ...toldBy(event),
});

const toldBy = ({ progress }: RunEvent): Pick<TaskChanges, 'progress'> => (progress ? { progress } : {});

const ranBy = ({ instance }: RunEvent): Pick<TaskChanges, 'instance'> => (instance === undefined ? {} : { instance });

const failedAttempt = (event: RunEvent & { readonly startedAt: number; readonly error: TaskError }): HistoryEntry => ({
  event: 'attempt',
  at: event.startedAt,
  attempt: event.attempts,
  ...ranBy(event),
  endedAt: event.at,
  outcome: 'failed',
  error: event.error,
});

const ended = (state: TerminalState, endedAt: number): TaskChanges => ({ state, endedAt });
