import { expect, it } from 'vitest';
import type { TaskProgress } from '#core';
import { aFreshTask, aResult, aStart } from '#test/support/tasks.ts';
import type { OpenStore } from './support.ts';

const PROGRESS: TaskProgress = {
  fraction: 0.5,
  message: 'Halfway ☂',
  at: 7,
  contractHash: 'c1',
  count: 3,
  recent: [{ seq: 3, at: 7, attempt: 1, response: 'AQ==' }],
  older: [{ key: 'results/x/told-2', size: 9, last: 2 }],
};
const RUN = { fence: 1, attempts: 1, at: 8, progress: PROGRESS } as const;

/** What a model tells of its runs. */
export function progress(open: OpenStore): void {
  it('keeps what a model tells of a run, and what it tells with the end', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);
    await store.apply(task.id, aStart);

    const told = await store.apply(task.id, { ...RUN, type: 'progressed' });
    const between = await store.get(task.id);
    await store.apply(task.id, {
      ...{ ...RUN, type: 'succeeded', startedAt: 1, result: aResult },
      progress: { ...PROGRESS, count: 4 },
    });

    expect([told, between?.state, between?.progress]).toEqual(['applied', 'running', PROGRESS]);
    expect((await store.get(task.id))?.progress).toEqual({ ...PROGRESS, count: 4 });
  });

  it('refuses it of a run that is not recorded, of an earlier delivery, of another round, and after the end', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);

    const queued = await store.apply(task.id, { ...RUN, type: 'progressed' });
    await store.apply(task.id, { ...aStart, fence: 2 });
    const earlier = await store.apply(task.id, { ...RUN, type: 'progressed' });
    const other = await store.apply(task.id, { ...RUN, fence: 2, round: 1, type: 'progressed' });
    await store.apply(task.id, { type: 'canceled', at: 9 });
    const ended = await store.apply(task.id, { ...RUN, fence: 2, type: 'progressed' });

    expect([queued, earlier, other, ended]).toEqual(['superseded', 'superseded', 'mismatched', 'superseded']);
    expect((await store.get(task.id))?.progress).toBeUndefined();
  });

  it('forgets it when the task is sent again', async () => {
    const { store } = await open();
    const task = aFreshTask();
    const error = { code: 'model_error', message: 'It broke.', retryable: true };
    await store.create(task);
    await store.apply(task.id, { ...RUN, type: 'failed', startedAt: 1, error, envelope: Uint8Array.of(1) });
    expect((await store.get(task.id))?.progress).toEqual(PROGRESS);

    const again = { type: 'retried', at: 20, by: 'anna', round: 1, envelope: Uint8Array.of(1) } as const;
    await store.apply(task.id, { ...again, deadlineAt: task.deadlineAt });

    expect((await store.get(task.id))?.progress).toBeUndefined();
  });
}
