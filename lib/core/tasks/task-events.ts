import { type ClearedField, type EventGuard, effectOf } from './event-effects.ts';
import { isTerminal, type Task } from './task.ts';
import type { EventOutcome, TaskEvent } from './task-event.ts';

/**
 * The state machine of a task and the reference for `TaskStore.apply`. Defined for every task and event, in any order
 * and number. A terminal task changes only when it is sent again, and a succeeded or canceled one never.
 */
export function applyEvent(task: Task, event: TaskEvent): { readonly outcome: EventOutcome; readonly task: Task } {
  const { guard, changes, minAttempts = 0, clears = [], entries } = effectOf(event);
  const refusal = refusalOf(task, guard);
  if (refusal) return { outcome: refusal, task };
  const attempts = Math.max(changes.attempts ?? task.attempts, minAttempts);
  const fence = Math.max(changes.fence ?? task.fence, attempts);
  const history = entries ? { history: [...(task.history ?? []), ...entries] } : {};
  return { outcome: 'applied', task: { ...without(task, clears), ...changes, attempts, fence, ...history } };
}

function without(task: Task, fields: readonly ClearedField[]): Task {
  if (fields.length === 0) return task;
  const kept: { -readonly [Field in keyof Task]: Task[Field] } = { ...task };
  for (const field of fields) delete kept[field];
  return kept;
}

function refusalOf(task: Task, guard: EventGuard): EventOutcome | undefined {
  const { from, round, requestHash, latestDeadline, copy, fence, nextCopy } = guard;
  if (from ? !from.includes(task.state) : isTerminal(task.state)) return from ? 'superseded' : 'terminal';
  if (round !== undefined && round !== (task.round ?? 0)) return 'mismatched';
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
