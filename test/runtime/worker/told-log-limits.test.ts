import { expect, it } from 'vitest';
import { entriesAfter, MAX_PIECE_BYTES, MAX_PROGRESS_BYTES, type ReportEntry, type Task, type TaskEvent } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import type { Attempt } from '#runtime/worker/attempt.ts';
import { ToldLog } from '#runtime/worker/told-log.ts';
import { replacing } from '#test/lambdas/api-harness.ts';
import { allOf } from '#test/support/all-of.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const PART = new Uint8Array(128 * 1024);

/** A task with runs that report. `applying` is called before each write. */
async function reporting(applying: () => Promise<void> = async () => undefined) {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock });
  const task = aFreshTask({ createdAt: clock.now() });
  await platform.tasks.create(task);
  const tasks = replacing(platform.tasks, {
    async apply(id, event) {
      await applying();
      return platform.tasks.apply(id, event);
    },
  });
  const { requestHash } = task;
  const run = { requestHash, fence: 1, attempts: 1, at: clock.now() } as const;
  const begin = (number: number) =>
    new ToldLog(
      {
        ...{ tasks, blobs: platform.blobs, clock, logger: silentLogger, contractHash: 'contract' },
        recordStart: async () => {
          await platform.tasks.apply(task.id, { ...run, type: 'started', copy: 0, alone: false, fence: number });
        },
      },
      { envelope: { taskId: task.id, requestHash }, delivery: { fence: number }, number } as unknown as Attempt,
    );
  const end = (event: TaskEvent) => platform.tasks.apply(task.id, event);
  return {
    ...{ clock, begin },
    /** Ends the run with what its log has left. */
    async succeed(log: ToldLog, fence: number): Promise<Task> {
      const progress = await log.rest();
      const result = { contractHash: 'contract', payload: { kind: 'inline', bytes: new Uint8Array(1) } } as const;
      await end({ ...run, type: 'succeeded', fence, startedAt: run.at, result, ...(progress ? { progress } : {}) });
      return (await platform.tasks.get(task.id)) as Task;
    },
    pieces: (of: Task): Promise<(readonly ReportEntry[])[]> => allOf(entriesAfter(platform.blobs, of, 0)),
  };
}

it('keeps 10 MiB of a task over all its attempts, and the progress after that', async () => {
  const { clock, begin, succeed, pieces } = await reporting();
  const first = begin(1);
  for (let part = 0; part < 40; part++) first.report({ response: PART });
  await clock.advance(0);
  first.stop();
  const second = begin(2);
  for (let part = 0; part < 100; part++) second.report({ response: PART });
  second.report({ fraction: 0.7, message: 'Still running' });
  await clock.advance(0);
  second.report({ fraction: 0.9, message: 'Nearly done' });

  const task = await succeed(second, 2);

  const bytes = (task.progress?.older ?? []).reduce((sum, { size }) => sum + size, 0);
  expect(bytes).toBeLessThanOrEqual(MAX_PROGRESS_BYTES + MAX_PIECE_BYTES);
  expect(task.progress).toMatchObject({ fraction: 0.9, message: 'Nearly done' });
  const entries = (await pieces(task)).flat();
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
  expect(entries.filter(({ attempt }) => attempt === 1)).toHaveLength(40);
});

it('counts messages without parts, so that the row of a long run stays small', async () => {
  const { clock, begin, succeed } = await reporting();
  const log = begin(1);
  for (let second = 0; second < 12_000; second++) {
    log.report({ fraction: 0.5, message: `${second} `.repeat(1000).slice(0, 1000) });
    await clock.advance(1000);
  }

  const task = await succeed(log, 1);

  expect(JSON.stringify(task.progress).length).toBeLessThan(200 * 1024);
  expect(task.progress?.message).toContain('11999');
});

it('is stored and read in pieces', async () => {
  const { clock, begin, succeed, pieces } = await reporting();
  const log = begin(1);
  for (let part = 0; part < 20; part++) log.report({ response: PART });
  await clock.advance(0);

  const task = await succeed(log, 1);

  expect(task.progress?.older.every(({ size }) => size <= MAX_PIECE_BYTES)).toBe(true);
  expect((await pieces(task)).map(({ length }) => length)).toEqual(Array(20).fill(1));
});

it('keeps a report that comes while the one before it is written', async () => {
  const { promise: written, resolve: write } = Promise.withResolvers<void>();
  const { clock, begin, succeed, pieces } = await reporting(() => written);
  const log = begin(1);
  log.report({ fraction: 0.1, message: 'First' });
  await clock.advance(0);
  log.report({ fraction: 1, message: 'Last' });
  write();
  await clock.advance(0);

  const task = await succeed(log, 1);

  expect(task.progress).toMatchObject({ fraction: 1, message: 'Last' });
  expect((await pieces(task)).flat().map(({ message }) => message)).toEqual(['First', 'Last']);
});
