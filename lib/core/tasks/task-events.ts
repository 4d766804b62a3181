import { isTerminal, type Task, type TaskError, type TaskResult, type TerminalState } from './task.ts';

/** What every event of a worker carries: the hash of the request that the worker read. Absent in messages of earlier builds. */
interface WorkerEvent {
  readonly requestHash?: string | undefined;
  /** Unix milliseconds. */
  readonly at: number;
}

/** A run that holds the delivery with this fence, as number `attempts` of those charged to the task. */
interface RunEvent extends WorkerEvent {
  readonly fence: number;
  readonly attempts: number;
}

export interface StartedEvent extends RunEvent {
  readonly type: 'started';
  /** The message that claims the task. Later messages with another number are refused. */
  readonly copy: number;
  /** A suspect in a run of its own. */
  readonly alone: boolean;
}

/** Everything that can happen to a task after it was created. */
export type TaskEvent =
  | StartedEvent
  | (RunEvent & { readonly type: 'succeeded'; readonly startedAt: number; readonly result: TaskResult })
  | (RunEvent & { readonly type: 'failed'; readonly startedAt?: number; readonly error: TaskError })
  /** The task went to the dead letters: no worker holds it any more, so no fence applies. */
  | (WorkerEvent & {
      readonly type: 'gave-up';
      /** Charged runs, as far as the queue knows. */
      readonly attempts: number;
      readonly error: TaskError;
      readonly envelope: Uint8Array;
    })
  /** The deadline has passed. Refused before the deadline of the row. */
  | (WorkerEvent & { readonly type: 'expired'; readonly error: TaskError })
  /** A repeated submit is about to send message number `copy`. */
  | (WorkerEvent & { readonly type: 'resent'; readonly copy: number })
  /** The queue confirmed a message that a repeated submit sent. */
  | (WorkerEvent & { readonly type: 'sent' })
  | { readonly type: 'canceled'; readonly at: number };

/**
 * - `applied`: the task is now as the event says.
 * - `terminal`: it had ended before.
 * - `mismatched`: the task was created with another request, or with a later deadline: the event is about a task that
 *   had this id before.
 * - `other-copy`: another message of the task has claimed it.
 * - `superseded`: a newer delivery is recorded, or, for `resent`, the task was started or sent meanwhile.
 * - `missing`: there is no such task.
 *
 * Nothing changes unless the event was applied.
 */
export type EventOutcome = 'applied' | 'terminal' | 'mismatched' | 'other-copy' | 'superseded' | 'missing';

/** What an event requires of a task that has not ended, in the order in which it is checked. Stores turn it into their conditions. */
export interface EventGuard {
  /** The task has this request hash, or the outcome is `mismatched`. */
  readonly requestHash?: string | undefined;
  /** The task's deadline is not later, or the outcome is `mismatched`. */
  readonly latestDeadline?: number;
  /** The task is claimed by this copy or by none, or the outcome is `other-copy`. */
  readonly copy?: number;
  /**
   * `start`: the recorded fence is lower, or the same of a start that was not alone while this one is.
   * `end`: the recorded fence is not higher. Otherwise the outcome is `superseded`.
   */
  readonly fence?: { readonly of: 'start' | 'end'; readonly value: number; readonly alone?: boolean };
  /** Nothing was started or confirmed, and one message fewer than this was sent again, or the outcome is `superseded`. */
  readonly nextCopy?: number;
}

/** The fields of a task that events change. */
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
  >
>;

/** What an event requires and what it changes, without looking at the task. */
export interface EventEffect {
  readonly guard: EventGuard;
  readonly changes: TaskChanges;
  /** The task has at least so many attempts afterwards. */
  readonly minAttempts?: number;
}

/** Stores derive their conditional writes from this, so that the rules are stated once. */
export function effectOf(event: TaskEvent): EventEffect {
  switch (event.type) {
    case 'started': {
      const { requestHash, copy, fence, attempts, alone, at } = event;
      return {
        guard: { requestHash, copy, fence: { of: 'start', value: fence, alone } },
        changes: { state: 'running', fence, attempts, copy, startedAlone: alone, startedAt: at },
      };
    }
    case 'succeeded': {
      const { startedAt, result } = event;
      return { guard: endGuard(event), changes: { ...runEnded('succeeded', event), startedAt, result } };
    }
    case 'failed': {
      const { startedAt, error } = event;
      const started = startedAt === undefined ? {} : { startedAt };
      return { guard: endGuard(event), changes: { ...runEnded('failed', event), ...started, error } };
    }
    case 'gave-up':
      return {
        guard: { requestHash: event.requestHash },
        changes: { ...ended('failed', event.at), error: event.error, deadLetter: event.envelope },
        minAttempts: event.attempts,
      };
    case 'expired':
      return {
        guard: { requestHash: event.requestHash, latestDeadline: event.at },
        changes: { ...ended('expired', event.at), error: event.error },
      };
    case 'resent':
      return {
        guard: { requestHash: event.requestHash, nextCopy: event.copy },
        changes: { copies: event.copy, resentAt: event.at },
      };
    case 'sent':
      return { guard: { requestHash: event.requestHash }, changes: { sentAt: event.at } };
    case 'canceled':
      return { guard: {}, changes: ended('canceled', event.at) };
  }
}

/**
 * The task state machine, and the meaning of every `TaskStore.apply`. Total: any event may meet any
 * task, in any order and any number of times; a terminal task never changes.
 */
export function applyEvent(task: Task, event: TaskEvent): { readonly outcome: EventOutcome; readonly task: Task } {
  const { guard, changes, minAttempts = 0 } = effectOf(event);
  const refusal = refusalOf(task, guard);
  if (refusal) return { outcome: refusal, task };
  const attempts = Math.max(changes.attempts ?? task.attempts, minAttempts);
  const fence = Math.max(changes.fence ?? task.fence, attempts);
  return { outcome: 'applied', task: { ...task, ...changes, attempts, fence } };
}

function refusalOf(task: Task, guard: EventGuard): EventOutcome | undefined {
  const { requestHash, latestDeadline, copy, fence, nextCopy } = guard;
  if (isTerminal(task.state)) return 'terminal';
  if (requestHash !== undefined && requestHash !== task.requestHash) return 'mismatched';
  if (latestDeadline !== undefined && task.deadlineAt > latestDeadline) return 'mismatched';
  if (copy !== undefined && task.copy !== undefined && task.copy !== copy) return 'other-copy';
  if (fence && isSuperseded(task, fence)) return 'superseded';
  if (nextCopy !== undefined && !isNextCopy(task, nextCopy)) return 'superseded';
  return undefined;
}

function isSuperseded(task: Task, { of, value, alone }: NonNullable<EventGuard['fence']>): boolean {
  if (of === 'end') return value < task.fence;
  // A run that crashed its model process is repeated alone under the same delivery.
  const isRepetition = value === task.fence && alone === true && task.startedAlone === false;
  return value <= task.fence && !isRepetition;
}

const isNextCopy = ({ fence, sentAt, copies = 0 }: Task, copy: number): boolean =>
  fence === 0 && sentAt === undefined && copies === copy - 1;

/** Whether the stored task is as `created` was kept: what `TaskStore.withdraw` requires. */
export const isUntouched = (stored: Task, created: Task): boolean =>
  stored.createdAt === created.createdAt &&
  stored.requestHash === created.requestHash &&
  stored.state === 'queued' &&
  isNextCopy(stored, 1);

const endGuard = ({ requestHash, fence }: RunEvent): EventGuard => ({
  requestHash,
  fence: { of: 'end', value: fence },
});

const runEnded = (state: TerminalState, { fence, attempts, at }: RunEvent): TaskChanges => ({
  ...ended(state, at),
  fence,
  attempts,
});

const ended = (state: TerminalState, endedAt: number): TaskChanges => ({ state, endedAt });
