import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Task, type TaskWait, type WaitDeps, waitForTask } from '#core';
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

  it.each([1000, 2000])('ends a task at its deadline after %i ms all the same', async (deadlineAt) => {
    const { state } = await waitOn((task) => task, { deadlineAt });

    expect(state).toBe('expired');
  });
});

/** Waits for a task of age 400 ms, and records what is slept and asked. */
function prepare(change: Partial<Task> = {}) {
  const clock = new ManualClock(10_000);
  const task = aTask({ createdAt: 9600, deadlineAt: 100_000, ...change });
  const sleeps: { readonly at: number; readonly ms: number; readonly signal: AbortSignal | undefined }[] = [];
  const { sleep } = clock;
  clock.sleep = (ms, signal) => {
    sleeps.push({ at: clock.now(), ms, signal });
    return sleep.call(clock, ms, signal);
  };
  let current = task;
  let reads = 0;
  const tasks = {
    async get() {
      reads += 1;
      return current;
    },
    apply: async () => 'terminal',
  };
  const wait = (more: Partial<TaskWait>, deps: Partial<WaitDeps> & { readonly store?: object } = {}) =>
    waitForTask(
      { clock, ...deps, tasks: { ...tasks, ...deps.store } as never },
      { id: task.id, owner: 'local', waitMs: 8000, known: task, ...more },
    );
  const become = (next: Partial<Task>) => {
    current = { ...task, ...next };
    return current;
  };
  return { clock, task, sleeps, wait, become, reads: () => reads };
}

describe('waiting on a store that is polled', () => {
  it('pauses for a quarter of the age of the task, at least 5 ms and at most a second', async () => {
    const { clock, sleeps, wait, reads } = prepare({ createdAt: 9990 });

    const waiting = wait({});
    await clock.advance(8000);
    await waiting;

    for (const { at, ms } of sleeps) {
      const pauseMs = Math.max(5, Math.min(1000, (at - 9990) / 4));
      expect(ms).toBeCloseTo(Math.min(pauseMs, 18_000 - at), 6);
    }
    expect(sleeps[0]?.ms).toBe(5);
    expect(Math.max(...sleeps.map(({ ms }) => ms))).toBe(1000);
    expect(reads()).toBe(sleeps.length);
  });

  it('looks first when tasks of the model usually end', async () => {
    const { clock, sleeps, wait } = prepare();
    const pace = { firstPollMs: () => 600, learn: () => undefined };

    const waiting = wait({}, { pace });
    await clock.advance(8000);
    await waiting;

    // At an age of 600 ms, and then after a quarter of it.
    expect(sleeps.slice(0, 2).map(({ ms }) => ms)).toEqual([200, 150]);
  });

  it.each([
    [{ state: 'succeeded', endedAt: 10_300 }, [['model_a', 700]]],
    [{ state: 'succeeded', endedAt: 9000 }, [['model_a', 0]]],
    [{ state: 'running' }, []],
  ] as const)('learns how long a task took that is %j, once it has ended', async (seen, learned) => {
    const { clock, wait, become } = prepare();
    const lessons: unknown[] = [];
    become(seen);

    const waiting = wait(
      { waitMs: 1000 },
      { pace: { firstPollMs: () => 0, learn: (...lesson) => lessons.push(lesson) } },
    );
    await clock.advance(1000);
    await waiting;

    expect(lessons).toEqual(learned);
  });
});

describe('waiting on a store that tells', () => {
  const untilAborted = (signal: AbortSignal) =>
    new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)));

  it('believes a success that it is told, without a read', async () => {
    const { wait, become, reads } = prepare();
    const ended = become({ state: 'succeeded', endedAt: 10_300 });

    const told = await wait({}, { store: { untilEnded: async () => ended } });

    expect(told).toBe(ended);
    expect(reads()).toBe(0);
  });

  it('reads the task when it is told of another end', async () => {
    const { wait, become, reads } = prepare();
    const ended = become({ state: 'failed', endedAt: 10_300 });

    await wait({}, { store: { untilEnded: async () => ended } });

    expect(reads()).toBe(1);
  });

  it.each([
    ['its deadline', { deadlineAt: 12_000 }, 2000],
    ['the end of the wait', {}, 8000],
    ['a moment, when the deadline has passed', { deadlineAt: 9000 }, 5],
  ])('sleeps until %s', async (_, change, ms) => {
    const { clock, sleeps, wait } = prepare(change);

    const waiting = wait({}, { store: { untilEnded: (_id: string, signal: AbortSignal) => untilAborted(signal) } });
    await clock.advance(8000);
    await waiting;

    expect(sleeps[0]?.ms).toBe(ms);
  });

  it('leaves neither timers nor listeners behind, and ends with its caller', async () => {
    const { clock, sleeps, wait } = prepare();
    const caller = new AbortController();
    const told: AbortSignal[] = [];
    const store = {
      untilEnded: (_id: string, signal: AbortSignal) => {
        told.push(signal);
        return untilAborted(signal);
      },
    };

    const waiting = wait({ signal: caller.signal }, { store });
    await clock.advance(1);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
    caller.abort();
    await waiting;

    expect(clock.now()).toBe(10_001);
    expect([...told, ...sleeps.map(({ signal }) => signal)].map((signal) => signal?.aborted)).toEqual([true, true]);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('leaves no timer behind when it was told', async () => {
    const { sleeps, wait, become } = prepare();
    const ended = become({ state: 'succeeded', endedAt: 10_300 });
    const caller = new AbortController();

    await wait({ signal: caller.signal }, { store: { untilEnded: async () => ended } });

    expect(sleeps.map(({ signal }) => signal?.aborted)).toEqual([true]);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });
});
