import { expect, it } from 'vitest';
import { aFreshTask, aStart } from '#test/support/tasks.ts';
import { anOwner, listAll, type OpenStore } from './support.ts';

/** Creating, reading and withdrawing. */
export function keeping(open: OpenStore): void {
  it('keeps a task as it was created', async () => {
    const { store } = await open();
    const task = aFreshTask({ owner: 'Ζωή #1', requestHash: 'f'.repeat(64) });

    const existing = await store.create(task);

    expect(existing).toBeUndefined();
    expect(await store.get(task.id)).toEqual(task);
  });

  it('knows nothing of a task that was never created', async () => {
    const { store } = await open();
    const unknown = aFreshTask();
    const { id } = unknown;

    expect(await store.get(id)).toBeUndefined();
    expect(await store.apply(id, { type: 'canceled', at: 1 })).toBe('missing');
    expect(await store.get(id)).toBeUndefined();
    await expect(store.withdraw(unknown)).resolves.toBeUndefined();
  });

  it('answers with the task that is there, and leaves it alone, when its id is taken', async () => {
    const { store } = await open();
    const first = aFreshTask();
    await store.create(first);
    await store.apply(first.id, { ...aStart, at: first.createdAt });

    const existing = await store.create({ ...first, owner: 'somebody else', createdAt: first.createdAt + 1 });

    expect(existing).toEqual({
      ...first,
      ...{ state: 'running', fence: 1, attempts: 1, copy: 0, startedAlone: false, startedAt: first.createdAt },
    });
    expect(await store.get(first.id)).toEqual(existing);
  });

  it('says that the id is taken even to an equal task', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);

    expect(await store.create(task)).toEqual(task);
  });

  it('forgets a withdrawn task, and takes its id again', async () => {
    const { store } = await open();
    const owner = anOwner();
    const task = aFreshTask({ owner });
    await store.create(task);

    await store.withdraw(task);

    expect(await store.get(task.id)).toBeUndefined();
    expect(await listAll(store, { owner, limit: 10 })).toEqual([]);
    expect(await store.apply(task.id, { type: 'canceled', at: 1 })).toBe('missing');
    const again = { ...task, requestHash: 'another' };
    expect(await store.create(again)).toBeUndefined();
    expect(await store.get(task.id)).toEqual(again);
  });

  it('erases a task in any state, and nothing of others', async () => {
    const { store } = await open();
    const owner = anOwner();
    const [queued, ended, other] = [aFreshTask({ owner }), aFreshTask({ owner }), aFreshTask({ owner })];
    for (const task of [queued, ended, other]) await store.create(task);
    await store.apply(ended.id, { type: 'canceled', at: Date.now() });

    for (const task of [queued, ended, ended]) await store.erase(task);

    expect(await Promise.all([queued, ended].map(({ id }) => store.get(id)))).toEqual([undefined, undefined]);
    expect(await store.apply(queued.id, aStart)).toBe('missing');
    expect(await listAll(store, { owner, limit: 10 })).toEqual([other]);
  });

  it.each([
    ['a repeat of the submit has sent again', { type: 'resent', copy: 1, at: 1 }],
    ['was started', aStart],
    ['has ended', { type: 'canceled', at: 1 }],
  ] as const)('does not withdraw a task that %s', async (_, event) => {
    const { store } = await open();
    const owner = anOwner();
    const task = aFreshTask({ owner });
    await store.create(task);
    await store.apply(task.id, event);
    const before = await store.get(task.id);

    await store.withdraw(task);

    expect(await store.get(task.id)).toEqual(before);
    expect(await listAll(store, { owner, limit: 10 })).toEqual([before]);
  });

  it.each([
    ['at another moment', { createdAt: Date.now() - 5000 }],
    ['for another request', { requestHash: 'another' }],
  ])('does not withdraw a task that was created %s under the same id', async (_, difference) => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);

    await store.withdraw({ ...task, ...difference });

    expect(await store.get(task.id)).toEqual(task);
  });

  it('does not find a task that it need not keep any longer, whether it is deleted or not', async () => {
    const { store } = await open();
    const owner = anOwner();
    const task = aFreshTask({ owner, retainedUntil: Date.now() - 1 });
    await store.create(task);

    expect(await store.get(task.id)).toBeUndefined();
    expect(await store.apply(task.id, { type: 'canceled', at: 1 })).toBe('missing');
    expect(await listAll(store, { owner, limit: 10 })).toEqual([]);
    const again = aFreshTask({ id: task.id, owner });
    expect(await store.create(again)).toBeUndefined();
    expect(await store.get(task.id)).toEqual(again);
  });

  it('says that it is unavailable when it cannot be reached', async () => {
    const { store, cutOff } = await open();
    const task = aFreshTask();
    await cutOff();
    const refused = expect.objectContaining({ code: 'store_unavailable', retryable: true });

    await expect(store.create(task)).rejects.toEqual(refused);
    await expect(store.get(task.id)).rejects.toEqual(refused);
    await expect(store.apply(task.id, { type: 'canceled', at: 1 })).rejects.toEqual(refused);
    await expect(store.withdraw(task)).rejects.toEqual(refused);
    await expect(store.list({ owner: task.owner, limit: 1 })).rejects.toEqual(refused);
    await expect(store.countDeadLetters(task.model)).rejects.toEqual(refused);
  });
}
