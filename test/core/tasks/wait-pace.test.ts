import { describe, expect, it } from 'vitest';
import { createWaitPace, waitForTask } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aResult, aTask } from '#test/support/tasks.ts';

/** Reads until a task that takes so long is seen to have ended, once the pace is known. */
async function readsOf(tookMs: number): Promise<{ reads: number; lateMs: number }> {
  const clock = new ManualClock(0);
  const { tasks } = createMemoryPlatform({ clock });
  const pace = createWaitPace();
  for (let i = 0; i < 20; i++) pace.learn('model_a', tookMs);
  let reads = 0;
  const polled = {
    get: async (id: string) => {
      reads++;
      if (clock.now() >= tookMs)
        await tasks.apply(id, { type: 'succeeded', fence: 1, attempts: 1, startedAt: 1, at: tookMs, result: aResult });
      return tasks.get(id);
    },
    apply: tasks.apply.bind(tasks),
  };
  const task = aTask({ createdAt: 0 });
  await tasks.create(task);
  let lateMs = Number.NaN;
  const waiting = waitForTask(
    { tasks: polled as never, clock, pace },
    { id: task.id, owner: 'local', waitMs: 20_000, known: task },
  );
  const ended = waiting.then(() => {
    lateMs = clock.now() - tookMs;
  });
  await clock.advance(20_000);
  await ended;
  return { reads, lateMs };
}

describe('the pace of waiting', () => {
  it('looks once at the moment when tasks of the model usually end', async () => {
    expect(await readsOf(20)).toEqual({ reads: 1, lateMs: 0 });
    expect(await readsOf(200)).toEqual({ reads: 1, lateMs: 0 });
  });

  it('needs few looks and adds at most a quarter for slow tasks', async () => {
    const { reads, lateMs } = await readsOf(5000);

    expect(reads).toBeLessThanOrEqual(16);
    expect(lateMs).toBeLessThanOrEqual(1250);
  });

  it('follows quicker tasks by half and slower ones by a tenth', () => {
    const pace = createWaitPace();

    const looks = [100, 200, 10, 60].map((tookMs) => {
      pace.learn('model_a', tookMs);
      return pace.firstPollMs('model_a');
    });

    expect(looks).toEqual([100, 110, 60, 60]);
  });

  it('is learned for 500 models, and goes on for those', () => {
    const pace = createWaitPace();
    for (let i = 0; i <= 500; i++) pace.learn(`model_${i}`, 100);
    pace.learn('model_0', 50);

    expect(['model_0', 'model_499', 'model_500'].map((model) => pace.firstPollMs(model))).toEqual([75, 100, 0]);
  });

  it('does not let slow tasks make a quick one wait long', () => {
    const pace = createWaitPace();
    for (const ms of [30_000, 30_000, 30_000]) pace.learn('model_b', ms);

    expect(pace.firstPollMs('model_b')).toBeLessThanOrEqual(250);
    expect(pace.firstPollMs('model_a')).toBe(0);
  });
});
