import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryTaskStore } from '#adapters/memory/index.ts';
import { listTasksOfAll, type Task } from '#core';
import { aTask } from '#test/support/tasks.ts';

const NOW = 2_000;
const clock = { now: () => NOW, sleep: async () => undefined };

const idOf = (index: number) => `0198a000-0000-7000-8000-${String(index).padStart(12, '0')}`;

const MADE = fc.array(
  fc.record({
    owner: fc.constantFrom('ann', 'ben', 'cid', 'stranger'),
    model: fc.constantFrom('model_a', 'model_b'),
    createdAt: fc.integer({ min: 1_000, max: 1_010 }),
  }),
  { maxLength: 40 },
);

async function storeWith(made: readonly Partial<Task>[]) {
  const store = new MemoryTaskStore(clock);
  const tasks = made.map((task, index) => aTask({ ...task, id: idOf(index) }));
  for (const task of tasks) await store.create(task);
  return { store, tasks };
}

describe('the tasks of all users', () => {
  it('come once each, newest first, whatever the size of a page and the filter', async () => {
    await fc.assert(
      fc.asyncProperty(MADE, fc.integer({ min: 1, max: 7 }), fc.boolean(), async (made, limit, isFiltered) => {
        const { store, tasks } = await storeWith(made);
        const owners = ['ann', 'ben', 'cid'];
        const filter = isFiltered ? { model: 'model_a' } : {};
        const listed: Task[] = [];
        let cursor: string | undefined;
        do {
          const asked = { owners, limit, ...filter, ...(cursor === undefined ? {} : { cursor }) };
          const page = await listTasksOfAll({ tasks: store, clock }, asked);
          expect(page.tasks.length).toBeLessThanOrEqual(limit);
          listed.push(...page.tasks);
          cursor = page.nextCursor;
        } while (cursor !== undefined);

        const wanted = tasks
          .filter(({ owner, model }) => owners.includes(owner) && (!isFiltered || model === 'model_a'))
          .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
        expect(listed.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id));
      }),
      { numRuns: 60 },
    );
  });

  it('have cursors of their own', async () => {
    const { store } = await storeWith([{ owner: 'ann' }, { owner: 'ann', createdAt: 1_001 }]);
    const { nextCursor: cursor } = await store.list({ owner: 'ann', limit: 1 });

    const asked = listTasksOfAll({ tasks: store, clock }, { owners: ['ann'], limit: 1, cursor: String(cursor) });

    await expect(asked).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
