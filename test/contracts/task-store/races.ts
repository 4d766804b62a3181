import { expect, it } from 'vitest';
import type { TaskEvent } from '#core';
import { aFreshTask, aStart } from '#test/support/tasks.ts';
import type { OpenStore } from './support.ts';

/** Many at the same time. */
export function races(open: OpenStore): void {
  it('lets exactly one of many creators of an id win, and tells the others who', async () => {
    const { store } = await open();
    const task = aFreshTask();
    const candidates = Array.from({ length: 12 }, (_, index) => ({ ...task, requestHash: `request ${index}` }));

    const answers = await Promise.all(candidates.map((candidate) => store.create(candidate)));

    const kept = await store.get(task.id);
    const winners = candidates.filter((_, index) => answers[index] === undefined);
    expect(winners).toEqual([kept]);
    expect(answers.filter((answer) => answer !== undefined)).toEqual(Array.from({ length: 11 }, () => kept));
  });

  it('applies exactly one of many racing ends', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);
    const ends: readonly TaskEvent[] = Array.from({ length: 12 }, (_, index) => ({
      type: 'succeeded',
      fence: 1,
      attempts: 1,
      startedAt: 1,
      at: 2,
      result: { contractHash: `${index}`, payload: { kind: 'inline', bytes: Uint8Array.of(index) } },
    }));

    const outcomes = await Promise.all(ends.map((end) => store.apply(task.id, end)));

    expect(outcomes.toSorted()).toEqual(['applied', ...Array.from({ length: 11 }, () => 'terminal')]);
    const winner = outcomes.indexOf('applied');
    expect((await store.get(task.id))?.result?.contractHash).toBe(String(winner));
  });

  it('starts each delivery for exactly one of many who claim it', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);

    for (const fence of [1, 2, 3]) {
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, (_, at) => store.apply(task.id, { ...aStart, fence, at })),
      );

      expect(outcomes.toSorted()).toEqual(['applied', ...Array.from({ length: 5 }, () => 'superseded')]);
    }
  });

  it('ends a task once when success, cancellation and expiry meet', async () => {
    const { store } = await open();
    const error = { code: 'deadline_exceeded', message: 'Too late.', retryable: true };
    const result = { contractHash: 'c', payload: { kind: 'inline', bytes: Uint8Array.of(1) } } as const;

    for (let round = 0; round < 5; round++) {
      const task = aFreshTask();
      await store.create(task);
      const outcomes = await Promise.all([
        store.apply(task.id, { type: 'canceled', at: 1 }),
        store.apply(task.id, { type: 'succeeded', fence: 1, attempts: 1, startedAt: 1, at: 2, result }),
        store.apply(task.id, { type: 'expired', at: task.deadlineAt, error }),
        store.apply(task.id, { type: 'gave-up', attempts: 3, at: 4, error, envelope: Uint8Array.of(1) }),
      ]);

      expect(outcomes.toSorted()).toEqual(['applied', 'terminal', 'terminal', 'terminal']);
    }
  });
}
