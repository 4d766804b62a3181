import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createMemoryPlatform } from '#platform/memory.ts';
import { createTestWorker } from '#test/support/test-worker.ts';

const TASKS = 1000;
/** Long enough that a busy machine does not hide the difference between the instances. */
const RUN_MS = 16;

/**
 * Runs a thousand tasks, a steady stream of them, on instances that take so many times as long as the first; how many
 * each ran.
 */
async function share(slowness: readonly number[]): Promise<readonly number[]> {
  const platform = createMemoryPlatform();
  const counts = slowness.map(() => 0);
  const workers = slowness.map((factor, i) =>
    createTestWorker(
      {
        async predict(_state, { value }) {
          counts[i] = (counts[i] ?? 0) + 1;
          await sleep(RUN_MS * factor);
          return { value };
        },
      },
      { platform, manifest: { slots: 4 } },
    ),
  );
  for (const worker of workers) void worker.start();

  const [first] = workers;
  let next = 0;
  const client = async () => {
    while (first && next++ < TASKS) await first.ended(await first.submit(next));
  };
  await Promise.all(Array.from({ length: 32 }, client));

  await Promise.all(workers.map((worker) => worker.stop()));
  await platform.close();
  return counts;
}

describe('the load of a model', () => {
  it('is shared by equal instances within a fifth', async () => {
    const counts = await share([1, 1, 1, 1]);

    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(TASKS);
    for (const count of counts) expect(Math.abs(count - TASKS / 4)).toBeLessThanOrEqual(TASKS / 4 / 5);
  });

  it('is less for an instance that is slow', async () => {
    const [slow = 0, ...others] = await share([8, 1, 1, 1]);

    for (const count of others) expect(slow).toBeLessThan(count / 2);
  });
});
