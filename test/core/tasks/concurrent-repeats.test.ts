import { describe, expect, it } from 'vitest';
import { MemoryUsageStore } from '#adapters/memory/index.ts';
import {
  bothQuotas,
  createBacklog,
  createTaskQuota,
  latePlaces,
  submitBatch,
  submitTask,
  type TaskStore,
  UsageLedger,
} from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { replacing } from '#test/lambdas/api-harness.ts';
import { aModel } from '#test/support/registry.ts';

const CALLS = 5;
const MAX_BACKLOG = 20;

/** Calls of one owner to one model with limits. The first call to store a task is the last one that does. */
function prepare() {
  const platform = createMemoryPlatform();
  const { clock } = platform;
  const ledger = new UsageLedger(new MemoryUsageStore(), clock);
  const placesOf = latePlaces({ ...platform, backlog: createBacklog(platform) });
  const model = aModel({ limits: { ...aModel().limits, maxBacklog: MAX_BACKLOG } });
  const others = Promise.withResolvers<void>();
  let creates = 0;
  const create: TaskStore['create'] = async (task) => {
    creates += 1;
    if (creates === 1) await others.promise;
    const existing = await platform.tasks.create(task);
    others.resolve();
    return existing;
  };
  const deps = { ...platform, tasks: replacing(platform.tasks, { create }) };
  const quota = () =>
    bothQuotas(
      placesOf({ model, serving: [] }),
      createTaskQuota({ ledger, tasks: platform.tasks, clock }, 'ann', { tasksWaiting: MAX_BACKLOG }),
    );
  const taken = async () => ({
    places: (await platform.tasks.places.oldest('model_a', MAX_BACKLOG, 100)).map(({ id }) => id).sort(),
    entries: (await ledger.change('ann', (usage) => ({ usage, result: usage.waiting ?? [] }))).map(([id]) => id).sort(),
  });
  return { deps, quota, taken };
}

const command = {
  ...{ owner: 'ann', model: 'model_a', contract: { hash: 'c1' }, limits: { timeoutSeconds: 60 } },
  ...{ idempotencyKey: 'k' },
};

describe('concurrent submits with one key', () => {
  it('count one task, also where a repeat has stored it', async () => {
    const { deps, quota, taken } = prepare();

    const tasks = await Promise.all(
      Array.from({ length: CALLS }, () => submitTask(deps, { ...command, request: new Uint8Array(), quota: quota() })),
    );

    const ids = [...new Set(tasks.map(({ id }) => id))];
    expect(ids).toHaveLength(1);
    expect(await taken()).toEqual({ places: ids, entries: ids });
  });

  it('count each item of a batch once, also where a repeat has stored it', async () => {
    const { deps, quota, taken } = prepare();
    const items = async () => [1, 2, 3].map((value) => ({ request: Uint8Array.of(value) }));

    await Promise.all(
      Array.from({ length: CALLS }, () =>
        submitBatch(deps, { ...command, requestHash: 'r1', deadlineSeconds: 3600, items, quota: quota() }),
      ),
    );

    const { places, entries } = await taken();
    expect(new Set(places).size).toBe(3);
    expect(places).toHaveLength(3);
    expect(entries).toEqual(places);
  });
});
