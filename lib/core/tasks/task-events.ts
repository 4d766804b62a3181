import { isTerminal, type Task, type TaskError, type TaskResult, type TerminalState } from './task.ts';

/** `requestHash` is that of the request that the worker read. Messages of earlier builds have none. */
interface WorkerEvent {
  readonly requestHash?: string | undefined;
  /** Unix milliseconds. */
  readonly at: number;
}

/** A run under the delivery with this fence. `attempts`: the number of this run among the charged runs. */
interface RunEvent extends WorkerEvent {
  readonly fence: number;
  readonly attempts: number;
}

export interface StartedEvent extends RunEvent {
  readonly type: 'started';
  /** The message that claims the task. Messages with another number are refused afterwards. */
  readonly copy: number;
  /** The task is a suspect, so nothing else runs in the process. */
  readonly alone: boolean;
}

export type TaskEvent =
  | StartedEvent
  | (RunEvent & { readonly type: 'succeeded'; readonly startedAt: number; readonly result: TaskResult })
  | (RunEvent & { readonly type: 'failed'; readonly startedAt?: number; readonly error: TaskError })
  /** The message went to the dead-letter queue. No worker holds the task, so no fence applies. */
  | (WorkerEvent & {
      readonly type: 'gave-up';
      /** Charged runs according to the queue. */
      readonly attempts: number;
      readonly error: TaskError;
      readonly envelope: Uint8Array;
    })
  /** Refused before the deadline of the stored task. */
  | (WorkerEvent & { readonly type: 'expired'; readonly error: TaskError })
  /** A repeated submit is about to send message number `copy`. */
  | (WorkerEvent & { readonly type: 'resent'; readonly copy: number })
  /** The queue confirmed a message that a repeated submit sent. */
  | (WorkerEvent & { readonly type: 'sent' })
  | { readonly type: 'canceled'; readonly at: number };

/**
 * - `applied`: the task was changed.
 * - `terminal`: the task had ended before.
 * - `mismatched`: the task has another request or a later deadline. The event belongs to an earlier task of this id.
 * - `other-copy`: another message of the task has claimed it.
 * - `superseded`: a newer delivery is recorded. For `resent`: the task was started or sent in the meantime.
 * - `missing`: the task does not exist.
 *
 * Only `applied` changes the task.
 */
export type EventOutcome = 'applied' | 'terminal' | 'mismatched' | 'other-copy' | 'superseded' | 'missing';

/** What an event requires of a task that has not ended, in the order of the checks. */
export interface EventGuard {
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
  >
>;

/** What an event requires and changes, independent of the task. */
export interface EventEffect {
  readonly guard: EventGuard;
  readonly changes: TaskChanges;
  /** The task has at least this many attempts afterwards. */
  readonly minAttempts?: number;
}

/** Stores derive their conditional writes from this, so that there is one definition of the rules. */
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
 * The state machine of a task and the reference for `TaskStore.apply`. Defined for every task and event, in any order
 * and number. A terminal task never changes.
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
  // After a crash of the model process, the same delivery runs once more, alone.
  const isRepetition = value === task.fence && alone === true && task.startedAlone === false;
  return value <= task.fence && !isRepetition;
}

const isNextCopy = ({ fence, sentAt, copies = 0 }: Task, copy: number): boolean =>
  fence === 0 && sentAt === undefined && copies === copy - 1;

/** The condition of `TaskStore.withdraw`: the stored task is `created`, unchanged. */
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
