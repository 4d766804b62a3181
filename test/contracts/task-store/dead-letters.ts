import { expect, it } from 'vitest';
import { aFreshTask } from '#test/support/tasks.ts';
import type { OpenStore } from './support.ts';

let models = 0;

/** A model whose tasks no other test writes. */
function aModelName(): string {
  models += 1;
  return `model_${process.pid}_${models}`;
}

/** Counting what was given up. */
export function deadLetters(open: OpenStore): void {
  const at = 1_700_000_000_000;
  const error = { code: 'attempts_exhausted', message: 'It died.', retryable: true };
  const givenUp = { type: 'gave-up', attempts: 3, at, error, envelope: Uint8Array.of(1) } as const;

  it('counts the tasks of a model that were given up, each once, and no others', async () => {
    const { store } = await open();
    const [model, another] = [aModelName(), aModelName()];
    const tasks = [model, model, model, another].map((name) => aFreshTask({ model: name }));
    for (const task of tasks) await store.create(task);
    const [first = aFreshTask(), second = first, third = first, foreign = first] = tasks;

    for (const { id } of [first, second, second, foreign]) await store.apply(id, givenUp);
    await store.apply(third.id, { type: 'failed', fence: 1, attempts: 1, at, error });

    expect(await store.countDeadLetters(model)).toBe(2);
    expect(await store.countDeadLetters(another)).toBe(1);
    expect(await store.countDeadLetters(aModelName())).toBe(0);
  });

  it('counts a task that was given up although its sender takes it for refused', async () => {
    const { store } = await open();
    const task = aFreshTask({ model: aModelName() });
    await store.create(task);
    await store.apply(task.id, givenUp);

    await store.withdraw(task);

    expect(await store.countDeadLetters(task.model)).toBe(1);
  });
}
