import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Batch, MAX_BATCH_ITEMS } from '#core';
import { aFreshTask } from '#test/support/tasks.ts';
import { anOwner, type OpenStore } from './support.ts';

const aBatch = (more: Partial<Batch> = {}): Batch => ({
  id: randomUUID(),
  model: 'model_b',
  owner: anOwner(),
  requestHash: 'a'.repeat(64),
  createdAt: Date.now(),
  retainedUntil: Date.now() + 60_000,
  total: 3,
  isConfirmed: false,
  ...more,
});

/** Keeping batches, and counting their tasks. */
export function batches(open: OpenStore): void {
  it('keeps a batch with what it refused, and answers a second one of its id with the first', async () => {
    const { store } = await open();
    const batch = aBatch({ refusals: { kind: 'inline', bytes: Buffer.from('[{"index":1}] ☂') } });

    const created = await store.batches.create(batch);
    const again = await store.batches.create({ ...batch, total: 9 });
    await store.batches.put({ ...batch, isConfirmed: true, refusals: { kind: 'blob', key: 'requests/x', size: 7 } });

    expect([created, again?.total]).toEqual([undefined, 3]);
    const refusals = again?.refusals?.kind === 'inline' ? Buffer.from(again.refusals.bytes).toString() : undefined;
    expect(refusals).toBe('[{"index":1}] ☂');
    expect(await store.batches.get(batch.id)).toMatchObject({ isConfirmed: true, refusals: { key: 'requests/x' } });
    expect(await store.batches.get(randomUUID())).toBeUndefined();
    expect(await store.get(batch.id)).toBeUndefined();
  });

  it('lets one of many creations of an id win', async () => {
    const { store } = await open();
    const batch = aBatch();

    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, total) => store.batches.create({ ...batch, total })),
    );

    expect(outcomes.filter((existing) => existing === undefined)).toHaveLength(1);
  });

  it('does not return a batch past its retention, and takes its id again', async () => {
    const { store } = await open();
    const batch = aBatch({ retainedUntil: Date.now() - 1000 });
    await store.batches.create(batch);

    expect(await store.batches.get(batch.id)).toBeUndefined();
    expect(await store.batches.create({ ...batch, retainedUntil: Date.now() + 60_000 })).toBeUndefined();
  });

  it('deletes the batches of one owner, which are in no list of tasks', async () => {
    const { store } = await open();
    const [mine, other] = [aBatch(), aBatch()];
    await store.batches.create(mine);
    await store.batches.create({ ...mine, id: other.id });
    await store.batches.create({ ...other, id: randomUUID() });
    const kept = aBatch();
    await store.batches.create(kept);

    const { tasks } = await store.list({ owner: mine.owner, limit: 10 });
    await store.batches.eraseOf(mine.owner);

    expect(tasks).toEqual([]);
    expect([await store.batches.get(mine.id), await store.batches.get(other.id)]).toEqual([undefined, undefined]);
    expect(await store.batches.get(kept.id)).toMatchObject({ owner: kept.owner });
  });

  it('reads states of a thousand tasks in the order asked for, without those that do not exist', async () => {
    const { store } = await open();
    const tasks = [aFreshTask(), aFreshTask({ deadlineAt: 5 }), aFreshTask()];
    for (const task of tasks) await store.create(task);
    await store.apply(tasks[2]?.id ?? '', { type: 'canceled', at: Date.now() });
    await store.withdraw(tasks[0] ?? aFreshTask());
    const ids = Array.from({ length: MAX_BATCH_ITEMS }, (_, at) => tasks[at % 250]?.id ?? randomUUID());

    const heads = await store.heads([...new Set(ids)]);

    const found = [...new Set(ids)].flatMap((id, at) =>
      heads[at] ? [[tasks.findIndex((t) => t.id === id), heads[at]]] : [],
    );
    expect(found).toMatchObject([
      [1, { state: 'queued', deadlineAt: 5 }],
      [2, { state: 'canceled' }],
    ]);
    expect(await store.heads([])).toEqual([]);
  });

  it('rejects with store_unavailable when it cannot be reached', async () => {
    const { store, cutOff } = await open();
    await cutOff();

    const refused = expect.objectContaining({ code: 'store_unavailable', retryable: true });
    await expect(store.batches.create(aBatch())).rejects.toEqual(refused);
    await expect(store.batches.get(randomUUID())).rejects.toEqual(refused);
    await expect(store.heads([randomUUID()])).rejects.toEqual(refused);
  });
}
