import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEvent, isTerminal, type Task, type TaskEvent } from '#core';
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
