import { describe, expect, it } from 'vitest';
import { encodeEnvelope, getTask, giveUpTask, listTasks, waitForTask } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aResult, aTask } from '#test/support/tasks.ts';

const HOUR = 3_600_000;
const fresh = () => {
  const now = Date.now();
  return aTask({ createdAt: now, deadlineAt: now + HOUR, retainedUntil: now + 2 * HOUR });
};
const overdue = () => {
  const now = Date.now();
  return aTask({ createdAt: now - HOUR, deadlineAt: now - 1, retainedUntil: now + HOUR });
};
const done = { type: 'succeeded', fence: 1, attempts: 1, startedAt: 1, at: 2, result: aResult } as const;

describe('getTask', () => {
  it('tells an unknown task, another model and another owner apart', async () => {
    const platform = createMemoryPlatform();
    const task = fresh();
    await platform.tasks.create(task);

    const lookups = [
      getTask(platform, { id: 'nope', owner: 'local' }),
      getTask(platform, { id: task.id, owner: 'local', model: 'model_b' }),
      getTask(platform, { id: task.id, owner: 'somebody' }),
    ];

    const codes = (await Promise.allSettled(lookups)).map((r) => r.status === 'rejected' && r.reason.code);
    expect(codes).toEqual(['task_not_found', 'task_not_found', 'task_not_found']);
  });

  it('finds a task by its id, and by its model as well', async () => {
    const platform = createMemoryPlatform();
    const task = fresh();
    await platform.tasks.create(task);

    const found = await Promise.all([
      getTask(platform, { id: task.id, owner: 'local' }),
      getTask(platform, { id: task.id, owner: 'local', model: task.model }),
    ]);

    expect(found).toEqual([task, task]);
  });

  it('ends a task whose deadline has passed, for good', async () => {
    const platform = createMemoryPlatform();
    await platform.tasks.create(overdue());

    const read = await getTask(platform, { id: overdue().id, owner: 'local' });

    expect(read).toMatchObject({ state: 'expired', error: { code: 'deadline_exceeded' } });
    expect(await platform.tasks.apply(read.id, done)).toBe('terminal');
  });
});

describe('listTasks', () => {
  it('lists an overdue task as expired, and not among the queued ones', async () => {
    const platform = createMemoryPlatform();
    await platform.tasks.create(overdue());

    const queued = await listTasks(platform, { owner: 'local', state: 'queued', limit: 10 });
    const all = await listTasks(platform, { owner: 'local', limit: 10 });

    expect(queued.tasks).toEqual([]);
    expect(all.tasks.map(({ state }) => state)).toEqual(['expired']);
  });

  it('lists the tasks in the state that is asked for', async () => {
    const platform = createMemoryPlatform();
    await platform.tasks.create(fresh());

    const lists = await Promise.all(
      (['queued', 'running'] as const).map((state) => listTasks(platform, { owner: 'local', state, limit: 10 })),
    );

    expect(lists.map(({ tasks }) => tasks.length)).toEqual([1, 0]);
  });
});

describe('waitForTask', () => {
  for (const [kind, withEvents] of [
    ['a store that tells', true],
    ['a store that is polled', false],
  ] as const) {
    it(`resolves when the task ends, in ${kind}`, async () => {
      const platform = createMemoryPlatform();
      const { tasks } = platform;
      const store = {
        cancels: tasks.cancels,
        get: tasks.get.bind(tasks),
        apply: tasks.apply.bind(tasks),
        create: tasks.create.bind(tasks),
        batches: tasks.batches,
        places: tasks.places,
        heads: tasks.heads.bind(tasks),
        withdraw: tasks.withdraw.bind(tasks),
        erase: tasks.erase.bind(tasks),
        list: tasks.list.bind(tasks),
        listDeadLetters: tasks.listDeadLetters.bind(tasks),
        countDeadLetters: tasks.countDeadLetters.bind(tasks),
        ...(withEvents && tasks.untilEnded ? { untilEnded: tasks.untilEnded.bind(tasks) } : {}),
      };
      const task = fresh();
      await tasks.create(task);

      const waiting = waitForTask({ ...platform, tasks: store }, { id: task.id, owner: 'local', waitMs: 20_000 });
      await tasks.apply(task.id, done);

      expect((await waiting).state).toBe('succeeded');
    });
  }

  it('ends a task at its deadline, of which no store tells', async () => {
    const clock = new ManualClock();
    const platform = createMemoryPlatform({ clock });
    const task = { ...fresh(), createdAt: clock.now(), deadlineAt: clock.now() + 1000 };
    await platform.tasks.create({ ...task, retainedUntil: clock.now() + 60_000 });

    const waiting = waitForTask(platform, { id: task.id, owner: 'local', waitMs: 20_000 });
    await clock.advance(0);
    await clock.advance(1000);

    expect(await waiting).toMatchObject({ state: 'expired', endedAt: clock.now() });
  });

  it('answers with the task as it is when the time is up or the caller has gone', async () => {
    const platform = createMemoryPlatform();
    const task = fresh();
    await platform.tasks.create(task);
    const gone = new AbortController();

    const timedOut = waitForTask(platform, { id: task.id, owner: 'local', waitMs: 20 });
    const left = waitForTask(platform, { id: task.id, owner: 'local', waitMs: 20_000, signal: gone.signal });
    gone.abort();

    expect((await timedOut).state).toBe('queued');
    expect((await left).state).toBe('queued');
  });
});

describe('giveUpTask', () => {
  const envelopeOf = (taskId: string) =>
    encodeEnvelope({
      taskId,
      model: 'model_a',
      owner: 'local',
      request: { kind: 'inline', bytes: Uint8Array.of(1) },
      contractHash: 'c1',
      deadlineAt: 2,
      submittedAt: 1,
      copy: 0,
    });

  it('ends the task as failed, says why and keeps the request', async () => {
    const platform = createMemoryPlatform();
    const task = fresh();
    await platform.tasks.create(task);
    const body = envelopeOf(task.id);

    const outcome = await giveUpTask(platform, { model: 'model_a', body, attempts: 3 });

    expect(outcome).toBe('applied');
    expect(await platform.tasks.get(task.id)).toMatchObject({
      state: 'failed',
      attempts: 3,
      error: { code: 'attempts_exhausted' },
      deadLetter: body,
    });
  });

  it('changes nothing when the task has ended, and can be repeated', async () => {
    const platform = createMemoryPlatform();
    const task = fresh();
    await platform.tasks.create(task);
    await platform.tasks.apply(task.id, done);

    const outcome = await giveUpTask(platform, { model: 'model_a', body: envelopeOf(task.id), attempts: 3 });

    expect(outcome).toBe('terminal');
    expect((await platform.tasks.get(task.id))?.state).toBe('succeeded');
  });

  it('keeps bytes that are no envelope', async () => {
    const platform = createMemoryPlatform();
    const kept: string[] = [];
    const blobs = { get: async () => undefined, put: async (key: string) => void kept.push(key) };

    const outcome = await giveUpTask(
      { ...platform, blobs },
      { model: 'model_a', body: Uint8Array.of(255), attempts: 1 },
    );

    expect(outcome).toBe('unreadable');
    expect(kept).toEqual([expect.stringMatching(/^dead-letters\/model_a\//)]);
  });
});
