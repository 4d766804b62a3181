import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Task, TaskStore } from '#core';
import { aFreshTask, aResult } from '#test/support/tasks.ts';
import type { OpenStore } from './support.ts';

const ERROR = { code: 'model_error', message: 'It broke.', retryable: true };
const ENVELOPE = Uint8Array.of(1, 2, 3);
const RUN = { fence: 1, attempts: 1, instance: 'i-1', startedAt: 5, at: 9 } as const;
const MESSAGE = Uint8Array.of(4, 5);
const AGAIN = { type: 'retried', at: 20, by: 'anna', round: 1, envelope: MESSAGE } as const;

async function failedTask(store: TaskStore, more: Partial<Task> = {}): Promise<Task> {
  const task = aFreshTask(more);
  await store.create(task);
  await store.apply(task.id, { ...RUN, type: 'failed', error: ERROR, envelope: ENVELOPE });
  return task;
}

async function givenUpTask(store: TaskStore, model: string, at: number): Promise<Task> {
  const task = aFreshTask({ model });
  await store.create(task);
  await store.apply(task.id, { type: 'gave-up', attempts: 3, at, error: ERROR, envelope: ENVELOPE });
  return task;
}

/** Sending tasks again, and their history. */
export function retries(open: OpenStore): void {
  it('queues a failed task as if it were new, and keeps what happened', async () => {
    const { store } = await open();
    const task = await failedTask(store);
    const deadlineAt = task.deadlineAt - 1;
    expect((await store.get(task.id))?.envelope).toEqual(ENVELOPE);

    const outcome = await store.apply(task.id, { ...AGAIN, deadlineAt });

    expect(outcome).toBe('applied');
    expect(await store.get(task.id)).toEqual({
      ...task,
      deadlineAt,
      envelope: MESSAGE,
      round: 1,
      history: [
        { event: 'attempt', at: 5, attempt: 1, instance: 'i-1', endedAt: 9, outcome: 'failed', error: ERROR },
        { event: 'retried', at: 20, by: 'anna' },
      ],
    });
  });

  it('keeps the attempt of the round before, if its end was not stored', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);
    await store.apply(task.id, {
      type: 'started',
      fence: 1,
      attempts: 1,
      copy: 0,
      alone: false,
      at: 5,
      instance: 'i-1',
    });
    await store.apply(task.id, { type: 'gave-up', attempts: 1, at: 9, error: ERROR, envelope: ENVELOPE });
    const last = { event: 'attempt', at: 5, attempt: 1, instance: 'i-1', outcome: 'lost' } as const;

    await store.apply(task.id, { ...AGAIN, deadlineAt: task.deadlineAt, last });

    expect((await store.get(task.id))?.history).toEqual([
      { event: 'gave_up', at: 9, error: ERROR },
      last,
      { event: 'retried', at: 20, by: 'anna' },
    ]);
  });

  it('refuses what belongs to an earlier round, and takes what belongs to the new one', async () => {
    const { store } = await open();
    const task = await failedTask(store);
    await store.apply(task.id, { ...AGAIN, deadlineAt: task.deadlineAt });
    const start = { type: 'started', fence: 1, attempts: 1, copy: 0, alone: false, at: 21, instance: 'i-2' } as const;

    const outcomes = [
      await store.apply(task.id, { ...RUN, type: 'succeeded', result: aResult }),
      await store.apply(task.id, start),
      await store.apply(task.id, { ...start, round: 1 }),
      await store.apply(task.id, { ...RUN, type: 'succeeded', result: aResult, round: 1 }),
    ];

    expect(outcomes).toEqual(['mismatched', 'mismatched', 'applied', 'applied']);
    expect(await store.get(task.id)).toMatchObject({ state: 'succeeded', round: 1, attempts: 1 });
  });

  it('keeps the message of a retry until its task has succeeded', async () => {
    const { store } = await open();
    const start = { type: 'started', fence: 1, attempts: 1, copy: 0, alone: false, at: 21 } as const;
    const success = { ...RUN, type: 'succeeded', result: aResult } as const;
    const untouched = await failedTask(store);
    await store.apply(untouched.id, { ...AGAIN, deadlineAt: 30 });
    await store.apply(untouched.id, { type: 'expired', at: 30, error: ERROR });
    const kept: unknown[] = [(await store.get(untouched.id))?.envelope];
    for (const event of [start, success, { ...success, envelope: ENVELOPE }]) {
      const task = await failedTask(store);
      await store.apply(task.id, { ...AGAIN, deadlineAt: task.deadlineAt });
      await store.apply(task.id, { ...event, round: 1 });
      kept.push((await store.get(task.id))?.envelope);
    }

    expect(kept).toEqual([MESSAGE, MESSAGE, undefined, ENVELOPE]);
  });

  it('counts the messages of each round, and knows which of them the queue has', async () => {
    const { store } = await open();
    const task = await failedTask(store);
    await store.apply(task.id, { type: 'sent', at: 8, requestHash: task.requestHash });
    await store.apply(task.id, { ...AGAIN, deadlineAt: task.deadlineAt });
    const { requestHash } = task;
    const copy = { type: 'resent', at: 22, requestHash, copy: 1 } as const;

    const outcomes = [
      await store.apply(task.id, copy),
      await store.apply(task.id, { type: 'sent', at: 23, requestHash }),
      await store.apply(task.id, { ...copy, round: 1 }),
      await store.apply(task.id, { type: 'sent', at: 24, requestHash, round: 1 }),
      await store.apply(task.id, { ...copy, copy: 2, round: 1 }),
    ];

    expect(outcomes).toEqual(['mismatched', 'mismatched', 'applied', 'applied', 'superseded']);
    expect(await store.get(task.id)).toMatchObject({ state: 'queued', copies: 1, resentAt: 22, sentAt: 24 });
  });

  it('sends again what failed or expired only, once per round', async () => {
    const { store } = await open();
    const task = await failedTask(store);
    const succeeded = aFreshTask();
    await store.create(succeeded);
    const again = { ...AGAIN, deadlineAt: task.deadlineAt };
    const early = await store.apply(succeeded.id, again);
    await store.apply(succeeded.id, { ...RUN, type: 'succeeded', result: aResult });

    const outcomes = await Promise.all([1, 2, 3].map(() => store.apply(task.id, again)));

    expect(outcomes.sort()).toEqual(['applied', 'superseded', 'superseded']);
    expect([early, await store.apply(succeeded.id, again)]).toEqual(['superseded', 'superseded']);
  });

  it('adds the request of a task that a reader has ended as expired', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);
    const found = { type: 'found', at: 30, envelope: ENVELOPE } as const;
    const early = await store.apply(task.id, found);
    await store.apply(task.id, { type: 'expired', at: task.deadlineAt, error: ERROR });

    expect([early, await store.apply(task.id, found)]).toEqual(['superseded', 'applied']);
    expect(await store.get(task.id)).toMatchObject({ state: 'expired', envelope: ENVELOPE });
  });

  it('keeps that request when a retry without one begins the next round', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);
    const { envelope: _, ...unsent } = { ...AGAIN, deadlineAt: task.deadlineAt };
    await store.apply(task.id, { type: 'expired', at: task.deadlineAt, error: ERROR });
    await store.apply(task.id, { type: 'found', at: 30, envelope: ENVELOPE });

    expect(await store.apply(task.id, unsent)).toBe('applied');
    expect(await store.get(task.id)).toMatchObject({ state: 'queued', round: 1, envelope: ENVELOPE });
  });

  it('keeps the failed attempts of a task that goes on', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);

    await store.apply(task.id, { ...RUN, type: 'attempt-failed', error: ERROR });
    await store.apply(task.id, { ...RUN, type: 'attempt-failed', fence: 2, attempts: 2, error: ERROR });

    const stored = await store.get(task.id);
    expect(stored?.state).toBe('queued');
    expect(stored?.history?.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it('lists dead letters newest first, page by page, until they are sent again', async () => {
    const { store } = await open();
    const model = `m_${randomUUID()}`;
    const tasks: Task[] = [];
    for (let i = 0; i < 5; i++) tasks.push(await givenUpTask(store, model, 1000 + i));
    await givenUpTask(store, `m_${randomUUID()}`, 2000);
    const [first] = tasks;
    if (first) await store.apply(first.id, { ...AGAIN, type: 'redriven', deadlineAt: first.deadlineAt });

    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.listDeadLetters({ model, limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      found.push(...page.tasks.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);

    const expected = tasks.slice(1).map(({ id }) => id);
    expect(found.toSorted()).toEqual(expected.toSorted());
    expect(await store.countDeadLetters(model)).toBe(4);
  });
}
