import { expect, it } from 'vitest';
import { followEvents, NOTHING_SEEN } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aFreshTask, aStart } from '#test/support/tasks.ts';

it('followers of one task read it together, and see each change', async () => {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock });
  const { tasks } = platform;
  const task = aFreshTask({ createdAt: clock.now() });
  await tasks.create(task);
  let reads = 0;
  const get = tasks.get.bind(tasks);
  tasks.get = (id) => {
    reads += 1;
    return get(id);
  };
  const { signal } = new AbortController();
  const seen: string[][] = [];
  const follow = async (at: number) => {
    const states: string[] = [];
    seen[at] = states;
    const lookup = { id: task.id, owner: task.owner };
    for await (const events of followEvents(platform, lookup, { seen: NOTHING_SEEN, known: task, signal })) {
      for (const event of events) if (event.type === 'state') states.push(event.task.state);
    }
  };

  const followers = Promise.all(Array.from({ length: 50 }, (_, at) => follow(at)));
  await clock.advance(0);
  await tasks.apply(task.id, aStart);
  reads = 0;
  await clock.advance(10_000);

  expect(reads).toBeLessThanOrEqual(20);
  await tasks.apply(task.id, { type: 'canceled', at: clock.now() });
  await clock.advance(2000);
  await followers;
  expect(seen).toEqual(seen.map(() => ['queued', 'running', 'canceled']));
});
