import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { latePlaces, newPlace, type TaskQuota, type TaskStore } from '#core';
import { systemClock } from '#platform/platform.ts';
import { aModel } from '#test/support/registry.ts';
import { aFreshTask, aStart } from '#test/support/tasks.ts';
import type { OpenStore } from './support.ts';

const backlog = { read: async () => ({ waiting: 0, inFlight: 0 }), note: () => undefined };

/** What several gateways know of a model whose backlog is limited. */
function gatewaysOf(store: TaskStore, maxBacklog: number, count = 3): readonly (() => TaskQuota)[] {
  const model = aModel({ name: `m_${randomUUID()}`, limits: { ...aModel().limits, maxBacklog } });
  return Array.from({ length: count }, () => {
    const placesOf = latePlaces({ tasks: store, backlog, clock: systemClock });
    return () => placesOf({ model, serving: [] });
  });
}

const FULL = { code: 'backlog_full', retryable: true };

/** Places of waiting tasks in the backlog of a model. */
export function places(open: OpenStore): void {
  it('lets exactly as many tasks wait as the backlog takes, however many gateways ask at once', async () => {
    const { store } = await open();
    const gateways = gatewaysOf(store, 7);
    const submit = async (at: number) => {
      const task = aFreshTask();
      await gateways[at % gateways.length]?.().enter([task.id]);
      await store.create(task);
      return task.id;
    };
    const submitMany = async (count: number) => {
      const outcomes = await Promise.allSettled(Array.from({ length: count }, (_, at) => submit(at)));
      return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    };

    const first = await submitMany(24);
    for (const id of first.slice(0, 3)) expect(await store.apply(id, aStart)).toBe('applied');
    const next = [];
    // The places are found within a second.
    while (next.length < 3) next.push(...(await submitMany(12)));

    expect([first.length, next.length]).toEqual([7, 3]);
    await expect(submit(0)).rejects.toMatchObject(FULL);
  });

  it('gives places to all tasks of a batch or to none', async () => {
    const { store } = await open();
    const [enter] = gatewaysOf(store, 250, 1);
    const ids = (count: number) => Array.from({ length: count }, () => randomUUID());
    const quota = enter?.();
    const first = ids(200);

    expect(await quota?.enter(first)).toEqual(first);
    await expect(enter?.().enter(ids(51))).rejects.toMatchObject(FULL);
    expect(await enter?.().enter(ids(50))).toHaveLength(50);
    await expect(enter?.().enter(ids(1))).rejects.toMatchObject(FULL);
    await expect(enter?.().enter(ids(251))).rejects.toMatchObject({ code: 'invalid_input' });
    await quota?.leave(first.slice(0, 20));
    expect(await enter?.().enter(ids(20))).toHaveLength(20);
  });

  it('needs no place for a task that is stored already', async () => {
    const { store } = await open();
    const [enter] = gatewaysOf(store, 1, 1);
    const task = aFreshTask();
    await enter?.().enter([task.id]);
    await store.create(task);

    expect(await enter?.().enter([task.id])).toEqual([]);
    await expect(enter?.().enter([randomUUID()])).rejects.toMatchObject(FULL);
  });

  it('rejects places with store_unavailable when it cannot be reached', async () => {
    const { store, cutOff } = await open();
    await cutOff();
    const place = newPlace(randomUUID(), 0);

    const refused = expect.objectContaining({ code: 'store_unavailable', retryable: true });
    await expect(store.places.take('model_b', [place], 1)).rejects.toEqual(refused);
    await expect(store.places.free('model_b', [place])).rejects.toEqual(refused);
    await expect(store.places.oldest('model_b', 1, 1)).rejects.toEqual(refused);
  });
}
