import { expect, it } from 'vitest';
import { historyOf, type Task, type TaskEvent } from '#core';
import { applyEvent } from '#core/events';
import { aStart, aTask } from '#test/support/tasks.ts';

const ERROR = { code: 'model_error', message: 'It broke.', retryable: true };
const STARTED = { ...aStart, instance: 'i-1', at: 2000 } as const;
/** The clock of a run begins a moment after its start was recorded. */
const FAILED = { type: 'attempt-failed', fence: 1, attempts: 1, instance: 'i-1', startedAt: 2001, at: 3000 } as const;
const AGAIN = { ...STARTED, fence: 2, attempts: 2, at: 4000 } as const;
const CANCELED = { type: 'canceled', at: 5000, by: 'anna' } as const;
const GAVE_UP = { type: 'gave-up', attempts: 2, at: 6000, error: ERROR, envelope: Uint8Array.of(1) } as const;

const after = (...events: TaskEvent[]): Task =>
  events.reduce((task, event) => applyEvent(task, event).task, aTask({ createdAt: 1000 }));

/** What a history tells: event, number and outcome of the attempt, end. */
const told = (...events: TaskEvent[]) =>
  historyOf(after(...events)).map(({ event, attempt, outcome, endedAt }) =>
    [event, attempt, outcome, endedAt].filter((part) => part !== undefined).join(' '),
  );

const failed = { ...FAILED, error: ERROR };

it('has a failed attempt once, while its task waits for the next one', () => {
  expect(told(STARTED, failed)).toEqual(['submitted', 'attempt 1 failed 3000']);
  expect(told(STARTED, failed, AGAIN)).toEqual(['submitted', 'attempt 1 failed 3000', 'attempt 2']);
});

it('has a failed attempt once whose instance has corrected its clock', () => {
  expect(told(STARTED, { ...failed, startedAt: 1995 })).toEqual(['submitted', 'attempt 1 failed 3000']);
});

it('has no attempt that was not made, when its task is canceled or expires before the next one', () => {
  const expired = { type: 'expired', at: 200_000, error: ERROR } as const;

  expect(told(STARTED, failed, CANCELED)).toEqual(['submitted', 'attempt 1 failed 3000', 'canceled']);
  expect(told(STARTED, failed, expired)).toEqual(['submitted', 'attempt 1 failed 3000', 'expired']);
});

it('has the attempt that a cancel aborted before the cancel', () => {
  expect(told(STARTED, CANCELED)).toEqual(['submitted', 'attempt 1 aborted 5000', 'canceled']);
});

it('has the lost attempt after which a task was given up, and no other one', () => {
  expect(told(STARTED, failed, AGAIN, GAVE_UP)).toEqual([
    'submitted',
    'attempt 1 failed 3000',
    'attempt 2 lost',
    'gave_up',
  ]);
  expect(told(STARTED, failed, AGAIN, { ...failed, fence: 2, attempts: 2, startedAt: 4001 }, GAVE_UP)).toEqual([
    'submitted',
    'attempt 1 failed 3000',
    'attempt 2 failed 3000',
    'gave_up',
  ]);
});

it('keeps the attempts of earlier rounds apart', () => {
  const retried = {
    type: 'retried',
    at: 7000,
    by: 'anna',
    round: 1,
    deadlineAt: 9e9,
    envelope: Uint8Array.of(1),
  } as const;
  const restarted = { ...STARTED, round: 1, at: 8000 };
  const first = ['submitted', 'attempt 1 failed 3000', 'gave_up', 'retried'];

  expect(told(STARTED, failed, GAVE_UP, retried)).toEqual(first);
  expect(told(STARTED, failed, GAVE_UP, retried, restarted)).toEqual([...first, 'attempt 1']);
});
