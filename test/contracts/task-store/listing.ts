import { expect, it, vi } from 'vitest';
import { inBatches, type Task, type TaskState, type TaskStore } from '#core';
import { aFreshTask } from '#test/support/tasks.ts';
import { anOwner, listAll, type OpenStore } from './support.ts';

const PATIENCE = { timeout: 10_000, interval: 100 };
const MODELS = ['model_a', 'model_b', 'model_c'] as const;

/** Newest first; several share a millisecond. */
async function createTasks(store: TaskStore, owner: string, count: number): Promise<readonly Task[]> {
  const now = Date.now();
  const tasks = Array.from({ length: count }, (_, index) =>
    aFreshTask({ owner, model: MODELS[index % 3] ?? 'model_a', createdAt: now - Math.floor(index / 4) }),
  );
  for (const batch of inBatches(tasks, 50)) await Promise.all(batch.map((task) => store.create(task)));
  return tasks.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
}

/** Lists may lag behind a moment, so they are asked for until they are complete. */
const listed = (store: TaskStore, query: Parameters<typeof listAll>[1], expected: readonly Task[]): Promise<void> =>
  vi.waitFor(async () => expect(await listAll(store, query)).toEqual(expected), PATIENCE);

/** An owner's tasks, newest first. */
const withCancel = (task: Task): Task => ({
  ...task,
  state: 'canceled',
  endedAt: 9,
  history: [{ event: 'canceled', at: 9 }],
});

export function listing(open: OpenStore): void {
  it.each([1, 7, 100])('lists every task of an owner once, newest first, in pages of %i', async (limit) => {
    const { store } = await open();
    const owner = anOwner();
    const tasks = await createTasks(store, owner, 37);

    await listed(store, { owner, limit }, tasks);
  });

  it('lists nothing for an owner without tasks', async () => {
    const { store } = await open();

    expect(await store.list({ owner: anOwner(), limit: 10 })).toEqual({ tasks: [] });
  });

  it('never lists the tasks of others, however alike their names', async () => {
    const { store } = await open();
    const owner = anOwner();
    const others = [`${owner}#1`, `1#${owner}`, `${owner}1`, `#${owner}`, owner.slice(0, -1)];
    await Promise.all(others.map((other) => createTasks(store, other, 3)));
    const mine = await createTasks(store, owner, 3);

    await listed(store, { owner, limit: 10 }, mine);
  });

  it('shows no task twice and skips none while new ones arrive', async () => {
    const { store } = await open();
    const owner = anOwner();
    const before = await createTasks(store, owner, 30);
    await listed(store, { owner, limit: 100 }, before);

    const seen: Task[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list({ owner, limit: 4, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.tasks);
      cursor = page.nextCursor;
      await createTasks(store, owner, 2);
    } while (cursor !== undefined);

    const ids = seen.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => before.some((task) => task.id === id))).toEqual(before.map(({ id }) => id));
  });

  it('filters by model, by state, and by both', async () => {
    const { store } = await open();
    const owner = anOwner();
    const tasks = await createTasks(store, owner, 45);
    const canceled = new Set(tasks.filter((_, index) => index % 5 === 0).map(({ id }) => id));
    await Promise.all([...canceled].map((id) => store.apply(id, { type: 'canceled', at: 9 })));
    const now = tasks.map((task): Task => (canceled.has(task.id) ? withCancel(task) : task));
    const ofModel = (model: string) => (task: Task) => task.model === model;
    const inState = (state: TaskState) => (task: Task) => task.state === state;

    await listed(store, { owner, limit: 4, model: 'model_b' }, now.filter(ofModel('model_b')));
    await listed(store, { owner, limit: 4, state: 'canceled' }, now.filter(inState('canceled')));
    await listed(
      store,
      { owner, limit: 2, model: 'model_c', state: 'queued' },
      now.filter(ofModel('model_c')).filter(inState('queued')),
    );
    await listed(store, { owner, limit: 2, state: 'succeeded' }, []);
    await listed(store, { owner, limit: 2, model: 'model_x' }, []);
  });

  it('finds the one old task among many that the filter leaves out', async () => {
    const { store } = await open();
    const owner = anOwner();
    const tasks = await createTasks(store, owner, 150);
    const oldest = tasks.at(-1);
    if (oldest) await store.apply(oldest.id, { type: 'canceled', at: 9 });

    await vi.waitFor(async () => {
      const found = await listAll(store, { owner, limit: 3, state: 'canceled' });
      expect(found.map(({ id }) => id)).toEqual([oldest?.id]);
    }, PATIENCE);
  });

  it('gives no more than the limit', async () => {
    const { store } = await open();
    const owner = anOwner();
    await listed(store, { owner, limit: 100 }, await createTasks(store, owner, 12));

    const page = await store.list({ owner, limit: 5 });

    expect(page.tasks.length).toBeLessThanOrEqual(5);
    expect(page.nextCursor).toEqual(expect.any(String));
  });

  it('refuses a cursor that it did not give to this owner', async () => {
    const { store } = await open();
    const owner = anOwner();
    await listed(store, { owner, limit: 100 }, await createTasks(store, owner, 6));
    const { nextCursor = '' } = await store.list({ owner, limit: 2 });
    const middle = Math.floor(nextCursor.length / 2);
    const mangled = `${nextCursor.slice(0, middle)}${nextCursor[middle] === 'A' ? 'B' : 'A'}${nextCursor.slice(middle + 1)}`;
    const refused = expect.objectContaining({ code: 'invalid_request' });

    for (const cursor of ['', 'x', '%%%', '{}', nextCursor.slice(0, -4), mangled]) {
      await expect(store.list({ owner, limit: 2, cursor })).rejects.toEqual(refused);
    }
    await expect(store.list({ owner: anOwner(), limit: 2, cursor: nextCursor })).rejects.toEqual(refused);
  });
}
