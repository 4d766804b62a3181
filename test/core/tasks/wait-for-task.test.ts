import { describe, expect, it } from 'vitest';
import { type Task, waitForTask } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aResult, aTask } from '#test/support/tasks.ts';

/** A wait of two seconds on a store whose cheap reads show what they are told to. */
async function waitOn(peeks: (task: Task) => Task | undefined, change: Partial<Task> = {}) {
  const clock = new ManualClock(0);
  const { tasks } = createMemoryPlatform({ clock });
  const task = aTask({ createdAt: 0, ...change });
  await tasks.create(task);
  const reads = { get: 0, peek: 0 };
  const store = {
    async get(id: string) {
      reads.get += 1;
      return tasks.get(id);
    },
    async peek() {
      reads.peek += 1;
      return peeks(task);
    },
    apply: tasks.apply.bind(tasks),
  };
  const waiting = waitForTask(
    { tasks: store as never, clock },
    { id: task.id, owner: 'local', waitMs: 2000, known: task },
  );
  await clock.advance(2000);
  return { ...(await waiting), reads };
}

describe('waiting on a store that has cheaper reads', () => {
  it('believes them a success, which never changes', async () => {
    const { state, reads } = await waitOn((task) => ({ ...task, state: 'succeeded', endedAt: 1, result: aResult }));

    expect(state).toBe('succeeded');
    expect(reads).toEqual({ get: 0, peek: 1 });
  });

  it('asks again about every other end, which a retry may have undone', async () => {
    const { state, reads } = await waitOn((task) => ({ ...task, state: 'failed', endedAt: 1 }));

    expect(state).toBe('queued');
    expect(reads.get).toBe(reads.peek);
  });

  it('goes on waiting while they do not show the task yet', async () => {
    const { state, reads } = await waitOn(() => undefined);

    expect(state).toBe('queued');
    expect(reads.get).toBe(0);
    expect(reads.peek).toBeGreaterThan(1);
  });

  it('ends a task at its deadline all the same', async () => {
    const { state } = await waitOn((task) => task, { deadlineAt: 1000 });

    expect(state).toBe('expired');
  });
});
