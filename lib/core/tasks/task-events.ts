import type { Task, TaskError, TaskResult } from './task.ts';
import { isTerminal, type TerminalState } from './task-state.ts';

/**
 * Everything that can happen to a task after it was created. `attempt` is the fence: an event of
 * an older attempt than the recorded one comes from a worker that lost its lease, and is refused.
 */
export type TaskEvent =
  | { readonly type: 'started'; readonly attempt: number; readonly at: number }
  | {
      readonly type: 'succeeded';
      readonly attempt: number;
      readonly startedAt: number;
      readonly at: number;
      readonly result: TaskResult;
    }
  | {
      readonly type: 'failed';
      readonly attempt: number;
      readonly startedAt?: number;
      readonly at: number;
      readonly error: TaskError;
    }
  | {
      /** The queue gave up delivering it: no worker holds it any more, so no fence applies. */
      readonly type: 'gave-up';
      /** Attempts spent, as far as the queue knows. */
      readonly attempts: number;
      readonly at: number;
      readonly error: TaskError;
      readonly envelope: Uint8Array;
    }
  | { readonly type: 'canceled'; readonly at: number }
  | { readonly type: 'expired'; readonly at: number; readonly error: TaskError };

/**
 * - `applied`: the task is now as the event says.
 * - `terminal`: it had ended before; nothing changed.
 * - `superseded`: a newer attempt is recorded; nothing changed.
 * - `missing`: there is no such task; nothing changed.
 */
export type EventOutcome = 'applied' | 'terminal' | 'superseded' | 'missing';

/**
 * The task state machine, and the meaning of every `TaskStore.apply`. Total: any event may meet any
 * task, in any order and any number of times; a terminal task never changes.
 */
export function applyEvent(task: Task, event: TaskEvent): { readonly outcome: EventOutcome; readonly task: Task } {
  if (isTerminal(task.state)) return { outcome: 'terminal', task };
  if (isSuperseded(task, event)) return { outcome: 'superseded', task };
  return { outcome: 'applied', task: { ...task, ...changes(task, event) } };
}

/** A start must be newer than any recorded start; an end may also come from the recorded attempt itself. */
function isSuperseded(task: Task, event: TaskEvent): boolean {
  if (event.type === 'started') return event.attempt <= task.attempts;
  if (event.type === 'succeeded' || event.type === 'failed') return event.attempt < task.attempts;
  return false;
}

function changes(task: Task, event: TaskEvent): Partial<Task> {
  switch (event.type) {
    case 'started':
      return { state: 'running', attempts: event.attempt, startedAt: event.at };
    case 'succeeded':
      return {
        ...ended('succeeded', event.at),
        attempts: event.attempt,
        startedAt: event.startedAt,
        result: event.result,
      };
    case 'failed':
      return {
        ...ended('failed', event.at),
        attempts: event.attempt,
        error: event.error,
        ...(event.startedAt === undefined ? {} : { startedAt: event.startedAt }),
      };
    case 'gave-up':
      return {
        ...ended('failed', event.at),
        attempts: Math.max(event.attempts, task.attempts),
        error: event.error,
        deadLetter: event.envelope,
      };
    case 'canceled':
      return ended('canceled', event.at);
    case 'expired':
      return { ...ended('expired', event.at), error: event.error };
  }
}

const ended = (state: TerminalState, endedAt: number): Partial<Task> => ({ state, endedAt });
