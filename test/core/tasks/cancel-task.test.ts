import { describe, expect, it } from 'vitest';
import { cancelTask, type EventOutcome, mayBeCanceled, minuteOf, type Task, type TaskEvent } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { replacing } from '#test/lambdas/api-harness.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aTask } from '#test/support/tasks.ts';

/** A queued task in a store whose instances read marks that may be `startAgeMs` old. */
async function queuedTask({ startAgeMs = 0 } = {}) {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock });
  const now = clock.now();
  const task: Task = aTask({ createdAt: now, deadlineAt: now + 60_000, retainedUntil: now + 120_000 });
  await platform.tasks.create(task);
  const counts: unknown[] = [];
  const stats = {
    add: async (model: string, minute: number, ends: object) => void counts.push([model, minute, ends]),
  };
  const { cancels } = platform.tasks;
  const marks = { startAgeMs, put: cancels.put.bind(cancels), get: cancels.get.bind(cancels) };
  const tasks = replacing(platform.tasks, { cancels: { ...cancels, ...marks } });
  const lookup = { id: task.id, owner: task.owner };
  /** `before` runs between the read of the task and the change of its row. */
  const cancel = (before?: () => Promise<EventOutcome>) => {
    const apply = async (id: string, event: TaskEvent) => {
      await before?.();
      return tasks.apply(id, event);
    };
    return cancelTask({ tasks: replacing(tasks, { apply }), clock, stats }, lookup);
  };
  return { clock, tasks, task, cancel, counts, mark: () => tasks.cancels.get(task.model) };
}

const running = { type: 'started', fence: 1, attempts: 1, at: 1, instanceId: 'i1', copy: 0, alone: false } as const;
const failed = {
  ...{ type: 'gave-up', attempts: 3, at: 2, envelope: new Uint8Array() },
  error: { code: 'timeout', message: 'It took too long.', retryable: true },
} as const satisfies TaskEvent;

describe('cancelTask', () => {
  it('ends a queued task, with who did it, and tells instances', async () => {
    const { clock, tasks, task, cancel, counts, mark } = await queuedTask();

    const canceled = await cancel();

    expect(canceled).toMatchObject({ state: 'canceled', endedAt: clock.now() });
    expect(canceled.history?.at(-1)).toMatchObject({ by: task.owner });
    expect(await tasks.get(task.id)).toEqual(canceled);
    expect(mayBeCanceled(await mark(), task.createdAt)).toBe(true);
    expect(counts).toEqual([[task.model, minuteOf(clock.now()), { canceled: 1 }]]);
  });

  it('ends a running task', async () => {
    const { tasks, task, cancel } = await queuedTask();
    await tasks.apply(task.id, running);

    expect(await cancel()).toMatchObject({ state: 'canceled', attempts: 1 });
  });

  it('refuses a task that has ended, counts nothing, and tells no instance', async () => {
    const { tasks, task, cancel, counts, mark } = await queuedTask();
    await tasks.apply(task.id, failed);

    await expect(cancel()).rejects.toMatchObject({ code: 'task_ended', message: 'The task has ended: it is failed.' });

    expect([counts, await mark()]).toEqual([[], undefined]);
  });

  it('tells instances again when it is repeated, and counts the end once', async () => {
    const { cancel, counts, mark } = await queuedTask();
    await cancel();
    const first = await mark();

    await expect(cancel()).rejects.toMatchObject({ message: 'The task has ended: it is canceled.' });

    expect(await mark()).not.toBe(first);
    expect(counts).toHaveLength(1);
  });

  it('refuses a task that ends at the same moment', async () => {
    const { tasks, task, cancel, counts } = await queuedTask();

    await expect(cancel(() => tasks.apply(task.id, failed))).rejects.toMatchObject({ code: 'task_ended' });

    expect(await tasks.get(task.id)).toMatchObject({ state: 'failed' });
    expect(counts).toEqual([]);
  });

  it('answers when no instance starts the task any more', async () => {
    const { clock, cancel } = await queuedTask({ startAgeMs: 1000 });
    let isDone = false;
    const canceled = cancel().then(() => {
      isDone = true;
    });

    await new Promise(setImmediate);
    await clock.advance(1000);
    expect(isDone).toBe(false);
    await clock.advance(100);
    await canceled;
  });
});

describe('a task that may be among the canceled ones', () => {
  it.each([
    ['never without a mark', undefined, 0, false],
    ['submitted before the mark', '100000.x', 99_999, true],
    ['submitted a minute after it, by another clock', '100000.x', 160_000, true],
    ['submitted later than that', '100000.x', 160_001, false],
  ])('%s', (_, mark, submittedAt, expected) => {
    expect(mayBeCanceled(mark, submittedAt)).toBe(expected);
  });
});
