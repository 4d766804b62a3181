/**
 * `npm run bench:worker`: CPU per task of the worker loop with memory adapters and an empty model. Goal: at most 100
 * µs.
 */
import { createTestWorker } from '#test/support/test-worker.ts';

const ROUNDS = 7;
const TASKS = 20_000;

async function round(slots: number): Promise<number> {
  const bench = createTestWorker({ predict: (_state, { value }) => ({ value }) }, { manifest: { slots } });
  const tasks = [];
  for (let value = 0; value < TASKS; value++) tasks.push(await bench.submit(value));
  const last = tasks.at(-1);
  if (!last) throw new Error('There is nothing to run.');
  const before = process.cpuUsage();
  void bench.start();
  while (bench.outcomes.length < TASKS) await new Promise((resolve) => setImmediate(resolve));
  const { user, system } = process.cpuUsage(before);
  await bench.stop();
  await bench.platform.close();
  return (user + system) / TASKS;
}

for (const slots of [1, 8]) {
  const perTask: number[] = [];
  for (let i = 0; i < ROUNDS; i++) perTask.push(await round(slots));
  perTask.sort((a, b) => a - b);
  const median = perTask[Math.floor(ROUNDS / 2)] ?? Number.NaN;
  process.stdout.write(
    `${slots} slots: ${median.toFixed(1)} µs of CPU per task (median of ${ROUNDS} × ${TASKS} tasks)\n`,
  );
}
