import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEvent, isTerminal, type Task, type TaskEvent } from '#core';
import { aResult, aTask } from '#test/support/tasks.ts';

const attempt = fc.integer({ min: 1, max: 5 });
const at = fc.integer({ min: 1000, max: 200_000 });
const error = fc.record({ code: fc.string(), message: fc.string(), retryable: fc.boolean() });
const anyEvent: fc.Arbitrary<TaskEvent> = fc.oneof(
  fc.record({ type: fc.constant('started' as const), attempt, at }),
  fc.record({ type: fc.constant('succeeded' as const), attempt, startedAt: at, at, result: fc.constant(aResult) }),
  fc.record({ type: fc.constant('failed' as const), attempt, startedAt: at, at, error }),
  fc.record({
    type: fc.constant('gave-up' as const),
    attempts: attempt,
    at,
    error,
    envelope: fc.uint8Array({ maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('canceled' as const), at }),
  fc.record({ type: fc.constant('expired' as const), at, error }),
);
/** Events as they may really come: repeated, late, out of order. */
const anyHistory = fc
  .array(anyEvent, { maxLength: 12 })
  .chain((events) => fc.shuffledSubarray([...events, ...events], { minLength: 0 }));

function replay(task: Task, events: readonly TaskEvent[]): readonly Task[] {
  const seen = [task];
  for (const event of events) seen.push(applyEvent(seen.at(-1) ?? task, event).task);
  return seen;
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
      fc.property(anyHistory, at, (events, now) => {
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

  it('keeps identity and never lowers the fence', () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const seen = replay(aTask(), events);

        seen.reduce((before, after) => {
          expect(after.attempts).toBeGreaterThanOrEqual(before.attempts);
          expect({ ...after, id: before.id, model: before.model, owner: before.owner }).toEqual(after);
          return after;
        });
      }),
    );
  });

  it('says applied exactly when something changed the task to what the event says', () => {
    fc.assert(
      fc.property(anyHistory, anyEvent, (events, event) => {
        const before = replay(aTask(), events).at(-1) ?? aTask();

        const { outcome, task } = applyEvent(before, event);

        if (outcome !== 'applied') expect(task).toBe(before);
        else expect(task.state).toBe({ started: 'running', 'gave-up': 'failed' }[event.type as string] ?? event.type);
      }),
    );
  });

  it('lets exactly one of any number of ends win', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1 }), (events) => {
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

  it('refuses the result of a worker that a newer attempt has replaced', () => {
    const second = applyEvent(aTask(), { type: 'started', attempt: 2, at: 2000 }).task;

    const late = applyEvent(second, { type: 'succeeded', attempt: 1, startedAt: 1500, at: 3000, result: aResult });

    expect(late).toEqual({ outcome: 'superseded', task: second });
  });

  it('takes the result of an attempt whose start was never recorded', () => {
    const { outcome, task } = applyEvent(aTask(), {
      type: 'succeeded',
      attempt: 1,
      startedAt: 1500,
      at: 1600,
      result: aResult,
    });

    expect(outcome).toBe('applied');
    expect(task).toMatchObject({ state: 'succeeded', attempts: 1, startedAt: 1500, endedAt: 1600, result: aResult });
  });
});
