import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTerminal, type Task, type TaskEvent } from '#core';
import { applyEvent, type EventEffect, effectOf, isUntouched } from '#core/events';
import { anyTaskEvent } from '#test/support/task-events.ts';
import { aResult, aStart, aTask } from '#test/support/tasks.ts';

/** Events as they may really come: repeated, late, out of order. */
const anyHistory = fc
  .array(anyTaskEvent, { maxLength: 12 })
  .chain((events) => fc.shuffledSubarray([...events, ...events], { minLength: 0 }));

function replay(task: Task, events: readonly TaskEvent[]): readonly Task[] {
  const seen = [task];
  for (const event of events) seen.push(applyEvent(seen.at(-1) ?? task, event).task);
  return seen;
}

function stateAfter({ state }: Task, { type }: TaskEvent): Task['state'] {
  if (type === 'resent' || type === 'sent') return state;
  if (type === 'started') return 'running';
  if (type === 'attempt-failed' || type === 'found' || type === 'progressed') return state;
  if (type === 'retried' || type === 'redriven') return 'queued';
  return type === 'gave-up' ? 'failed' : type;
}

describe('the task state machine', () => {
  it('never leaves or changes a terminal state', () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const seen = replay(aTask(), events);

        const firstEnd = seen.findIndex(({ state }) => isTerminal(state));

        if (firstEnd >= 0) for (const task of seen.slice(firstEnd)) expect(task).toEqual(seen[firstEnd]);
      }),
    );
  });

  it('never loses a task: whatever came before, an end that no fence refuses ends it', () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(), (events, now) => {
        const last = replay(aTask(), events).at(-1) ?? aTask();
        const giveUp = { code: 'attempts_exhausted', message: '', retryable: true };

        const { task } = applyEvent(last, {
          type: 'gave-up',
          attempts: 3,
          at: now,
          error: giveUp,
          envelope: new Uint8Array(),
        });

        expect(isTerminal(task.state)).toBe(true);
      }),
    );
  });

  it('keeps identity, never lowers the fence and never changes the claim', () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const seen = replay(aTask(), events);

        seen.reduce((before, after) => {
          expect(after.fence).toBeGreaterThanOrEqual(before.fence);
          expect(after.fence).toBeGreaterThanOrEqual(after.attempts);
          if (before.copy !== undefined) expect(after.copy).toBe(before.copy);
          expect({ ...after, id: before.id, model: before.model, owner: before.owner }).toEqual(after);
          return after;
        });
      }),
    );
  });

  it('says applied exactly when something changed the task to what the event says', () => {
    fc.assert(
      fc.property(anyHistory, anyTaskEvent, (events, event) => {
        const before = replay(aTask(), events).at(-1) ?? aTask();

        const { outcome, task } = applyEvent(before, event);

        if (outcome !== 'applied') expect(task).toBe(before);
        else expect(task.state).toBe(stateAfter(before, event));
      }),
    );
  });

  it('lets exactly one of any number of ends win', () => {
    fc.assert(
      fc.property(fc.array(anyTaskEvent, { minLength: 1 }), (events) => {
        let task = aTask();
        const ends = events.filter((event) => {
          const applied = applyEvent(task, event);
          task = applied.task;
          return applied.outcome === 'applied' && isTerminal(task.state);
        });

        expect(ends.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('refuses the result of a worker that a newer delivery has replaced', () => {
    const second = applyEvent(aTask(), { ...aStart, fence: 2, attempts: 2, at: 2000 }).task;

    const late = applyEvent(second, {
      type: 'succeeded',
      fence: 1,
      attempts: 1,
      startedAt: 1500,
      at: 3000,
      result: aResult,
    });

    expect(late).toEqual({ outcome: 'superseded', task: second });
  });

  it('takes the result of an attempt whose start was never recorded', () => {
    const { outcome, task } = applyEvent(aTask(), {
      type: 'succeeded',
      fence: 1,
      attempts: 1,
      startedAt: 1500,
      at: 1600,
      result: aResult,
    });

    expect(outcome).toBe('applied');
    expect(task).toMatchObject({ state: 'succeeded', attempts: 1, startedAt: 1500, endedAt: 1600, result: aResult });
  });
});

const ERROR = { code: 'invalid_input', message: 'No.', retryable: false };
const RUN = { fence: 4, attempts: 2, at: 2000, requestHash: 'r1' };
const REQUEST = { requestHash: 'r1' };
const CURRENT = { ...REQUEST, round: 0 };
const END_GUARD = { ...CURRENT, fence: { of: 'end', value: 4 } } as const;

const FAILED_ATTEMPT = { event: 'attempt', attempt: 2, endedAt: 2000, outcome: 'failed', error: ERROR } as const;

describe('the effect of an event', () => {
  const effects: readonly [TaskEvent, EventEffect][] = [
    [
      { ...RUN, type: 'started', copy: 1, alone: true },
      {
        guard: { ...CURRENT, copy: 1, fence: { of: 'start', value: 4, alone: true } },
        changes: { state: 'running', fence: 4, attempts: 2, copy: 1, startedAlone: true, startedAt: 2000 },
      },
    ],
    [
      { ...RUN, type: 'succeeded', startedAt: 1500, result: aResult },
      {
        guard: END_GUARD,
        changes: { state: 'succeeded', endedAt: 2000, fence: 4, attempts: 2, startedAt: 1500, result: aResult },
      },
    ],
    [
      { ...RUN, type: 'failed', startedAt: 1500, error: ERROR },
      {
        guard: END_GUARD,
        changes: { state: 'failed', endedAt: 2000, fence: 4, attempts: 2, startedAt: 1500, error: ERROR },
        entries: [{ ...FAILED_ATTEMPT, at: 1500 }],
      },
    ],
    [
      { ...RUN, type: 'failed', error: ERROR },
      {
        guard: END_GUARD,
        changes: { state: 'failed', endedAt: 2000, fence: 4, attempts: 2, error: ERROR },
        entries: [{ ...FAILED_ATTEMPT, at: 2000 }],
      },
    ],
    [
      { ...REQUEST, type: 'gave-up', at: 2000, attempts: 3, error: ERROR, envelope: Uint8Array.of(1) },
      {
        guard: CURRENT,
        changes: { state: 'failed', endedAt: 2000, error: ERROR, deadLetter: Uint8Array.of(1) },
        minAttempts: 3,
        entries: [{ event: 'gave_up', at: 2000, error: ERROR }],
      },
    ],
    [
      { ...REQUEST, type: 'expired', at: 2000, error: ERROR },
      {
        guard: { ...REQUEST, latestDeadline: 2000 },
        changes: { state: 'expired', endedAt: 2000, error: ERROR },
        entries: [{ event: 'expired', at: 2000 }],
      },
    ],
    [
      { ...REQUEST, type: 'resent', at: 2000, copy: 2 },
      { guard: { ...CURRENT, nextCopy: 2 }, changes: { copies: 2, resentAt: 2000 } },
    ],
    [
      { ...REQUEST, type: 'sent', at: 2000 },
      { guard: CURRENT, changes: { sentAt: 2000 } },
    ],
    [
      { ...REQUEST, type: 'sent', at: 2000, round: 2 },
      { guard: { ...REQUEST, round: 2 }, changes: { sentAt: 2000 } },
    ],
    [
      { ...RUN, type: 'succeeded', startedAt: 1500, result: aResult, round: 1 },
      {
        guard: { ...END_GUARD, round: 1 },
        changes: { state: 'succeeded', endedAt: 2000, fence: 4, attempts: 2, startedAt: 1500, result: aResult },
        clears: ['envelope'],
      },
    ],
    [
      { type: 'canceled', at: 2000, by: 'u1' },
      {
        guard: {},
        changes: { state: 'canceled', endedAt: 2000 },
        entries: [{ event: 'canceled', at: 2000, by: 'u1' }],
      },
    ],
  ];

  it.each(effects.map(([event, effect]) => ({ type: event.type, event, effect })))(
    '$type is what it requires and what it changes',
    ({ event, effect }) => {
      expect(effectOf(event)).toStrictEqual(effect);
    },
  );

  it('never lowers attempts, and raises the fence to them', () => {
    const giveUp = { type: 'gave-up', at: 2000, error: ERROR, envelope: Uint8Array.of(1) } as const;
    const running = aTask({ state: 'running', fence: 3, attempts: 2 });

    const results = [1, 2, 3, 4].map((attempts) => applyEvent(running, { ...giveUp, attempts }).task);

    expect(results.map(({ attempts, fence }) => [attempts, fence])).toEqual([
      [2, 3],
      [2, 3],
      [3, 3],
      [4, 4],
    ]);
  });
});

describe('an event that must not be applied', () => {
  const sent = { ...REQUEST, type: 'sent', at: 2000 } as const;
  const expired = { ...REQUEST, type: 'expired', error: ERROR } as const;
  const ended = { ...RUN, type: 'failed', error: ERROR } as const;
  const resent = { ...REQUEST, type: 'resent', at: 2000 } as const;
  const started = { ...RUN, type: 'started', copy: 0 } as const;
  const running = aTask({ state: 'running', fence: 4, attempts: 1, copy: 0, startedAlone: false });

  it.each<[string, Task, TaskEvent]>([
    ['terminal', aTask({ state: 'canceled', requestHash: 'r2' }), sent],
    ['mismatched', aTask({ requestHash: 'r2' }), sent],
    ['applied', aTask({ requestHash: 'r2' }), { ...sent, requestHash: undefined }],
    ['mismatched', aTask({ deadlineAt: 2001 }), { ...expired, at: 2000 }],
    ['applied', aTask({ deadlineAt: 2000 }), { ...expired, at: 2000 }],
    ['other-copy', running, { ...started, fence: 3, copy: 1, alone: false }],
    ['applied', aTask({ fence: 3 }), { ...started, copy: 1, alone: false }],
    ['superseded', running, { ...started, fence: 3, alone: true }],
    ['superseded', running, { ...started, alone: false }],
    ['applied', running, { ...started, alone: true }],
    ['superseded', { ...running, startedAlone: true }, { ...started, alone: true }],
    ['applied', running, { ...started, fence: 5, alone: false }],
    ['superseded', running, { ...ended, fence: 3 }],
    ['applied', running, ended],
    ['applied', aTask(), { ...resent, copy: 1 }],
    ['superseded', aTask(), { ...resent, copy: 2 }],
    ['applied', aTask({ copies: 1 }), { ...resent, copy: 2 }],
    ['superseded', aTask({ copies: 1 }), { ...resent, copy: 1 }],
    ['superseded', aTask({ sentAt: 1500 }), { ...resent, copy: 1 }],
    ['superseded', aTask({ fence: 1 }), { ...resent, copy: 1 }],
  ])('is %s: case %#', (outcome, task, event) => {
    const after = applyEvent(task, event);

    expect(after.outcome).toBe(outcome);
    if (outcome !== 'applied') expect(after.task).toBe(task);
  });
});

it('a task is untouched as long as it is as it was created, and nothing was sent or started', () => {
  const touched: Partial<Task>[] = [
    { createdAt: 1001 },
    { requestHash: 'r2' },
    { state: 'canceled' },
    { fence: 1 },
    { copies: 1 },
    { sentAt: 1500 },
  ];

  expect(isUntouched(aTask(), aTask())).toBe(true);
  for (const change of touched) expect(isUntouched(aTask(change), aTask()), JSON.stringify(change)).toBe(false);
});
