import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { submitTask } from '#core';
import { useDataFolders } from '#test/support/data-folder.ts';
import { aFreshTask, aResult } from '#test/support/tasks.ts';

const folders = useDataFolders();
const command = {
  owner: 'me',
  model: 'model_a',
  contract: { hash: 'c' },
  request: Uint8Array.of(1),
  limits: { timeoutSeconds: 10 },
};

describe('a submit', () => {
  it('keeps the task and queues its message in one transaction, or neither', async () => {
    const folder = await folders.newFolder();
    const platform = await folders.open({ folder });
    const other = new DatabaseSync(`${folder}/modelyard.db`);
    other.exec(`
      CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.queue LIKE '%refused%'
      BEGIN SELECT RAISE(ABORT, 'refused'); END
    `);

    const accepted = await submitTask(platform, command);
    const refused = await submitTask(platform, { ...command, model: 'refused' }).catch((error: Error) => error);

    const { envelope, ...stored } = (await platform.tasks.get(accepted.id)) ?? {};
    expect(stored).toEqual(accepted);
    expect(envelope).toBeInstanceOf(Uint8Array);
    expect(await platform.queues('model_a').depth()).toMatchObject({ visible: 1 });
    expect(refused).toMatchObject({ code: 'store_unavailable' });
    expect((await platform.tasks.list({ owner: 'me', limit: 10 })).tasks).toHaveLength(1);
    other.close();
  });

  it('with the key of a queued task is answered with it, and sends no other message', async () => {
    const platform = await folders.open();
    const keyed = { ...command, idempotencyKey: 'k' };

    const first = await submitTask(platform, keyed);
    const repeats = await Promise.all(Array.from({ length: 5 }, () => submitTask(platform, keyed)));

    expect(new Set(repeats.map(({ id }) => id))).toEqual(new Set([first.id]));
    expect(await platform.queues('model_a').depth()).toMatchObject({ visible: 1 });
  });
});

describe('the end of a task', () => {
  it.each([
    ['with a small result is told with the task', 10, true],
    ['with a large result has to be read', 10_000, false],
  ])('%s', async (_, size, isTold) => {
    const folder = await folders.newFolder();
    const [waiter, worker] = [await folders.open({ folder }), await folders.open({ folder })];
    const task = aFreshTask();
    await waiter.tasks.create(task);
    const result = { ...aResult, payload: { kind: 'inline', bytes: new Uint8Array(size).fill(200) } } as const;
    const waiting = waiter.tasks.untilEnded?.(task.id, new AbortController().signal);

    const end = { type: 'succeeded', fence: 1, attempts: 1, startedAt: task.createdAt, at: task.createdAt, result };
    await worker.tasks.apply(task.id, end as Parameters<typeof worker.tasks.apply>[1]);

    const told = await waiting;
    if (told) expect(told).toEqual(await waiter.tasks.get(task.id));
    // A poll may find the end before it is told.
    if (!isTold) expect(told).toBeUndefined();
  });
});
