import { describe, expect, it, onTestFinished } from 'vitest';
import { entriesAfter, type Task, type TaskEvent } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ModelBResponse } from '#proto/models/model_b.ts';
import { replacing } from '#test/lambdas/api-harness.ts';
import { allOf } from '#test/support/all-of.ts';
import { createTestWorker, type Predict } from '#test/support/test-worker.ts';

/** Runs one task of a model. Resolves with the ended task and with what was written of it. */
async function runOne(predict: Predict) {
  const platform = createMemoryPlatform();
  const events: TaskEvent[] = [];
  const tasks = replacing(platform.tasks, {
    async apply(id, event) {
      events.push(event);
      return platform.tasks.apply(id, event);
    },
  });
  const worker = createTestWorker({ predict }, { platform, tasks, manifest: { maxAttempts: 2 } });
  void worker.start();
  onTestFinished(async () => {
    await worker.stop();
    await platform.close();
  });
  const { id } = await worker.submit(1);
  await expect.poll(() => worker.outcomes.at(-1), { timeout: 20_000 }).toMatch(/succeeded|failed|dead-lettered/);
  const task = (await platform.tasks.get(id)) as Task;
  return {
    task,
    events,
    entries: (await allOf(entriesAfter(platform.blobs, task, 0))).flat(),
    types: events.map(({ type }) => type),
  };
}

describe('what a model tells of a run', () => {
  it('costs no write and no field for who tells nothing', async () => {
    const { task, types } = await runOne(async () => ({ value: 1 }));

    expect(types).toEqual(['succeeded']);
    expect(task.progress).toBeUndefined();
  });

  it('is one write for all of the first second, and the rest goes with the end', async () => {
    const { task, types, entries } = await runOne(async (_state, _request, { progress }) => {
      for (let step = 1; step <= 50; step++) {
        progress(step / 50, `Step ${step}`);
        await new Promise(setImmediate);
      }
      return { value: 1 };
    });

    expect(types.filter((type) => type === 'progressed').length).toBeLessThanOrEqual(1);
    expect(types.at(-1)).toBe('succeeded');
    expect(task.progress).toMatchObject({ fraction: 1, message: 'Step 50', contractHash: 'contract' });
    expect(entries.length).toBeLessThanOrEqual(3);
  });

  it('keeps every partial response in order, also those that are too many for the row', async () => {
    const { task, entries } = await runOne(async (_state, _request, { partial, progress }) => {
      for (let value = 0; value < 500; value++) {
        partial({ value });
        if (value % 100 === 0) await new Promise(setImmediate);
      }
      progress(0.9);
      return { value: 1 };
    });

    const parts = entries.filter(({ response }) => response !== undefined);
    expect(parts.map(({ response = '' }) => ModelBResponse.decode(Buffer.from(response, 'base64')).value)).toEqual([
      ...Array(500).keys(),
    ]);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    expect(task.progress?.older.length).toBeGreaterThan(0);
    expect(JSON.stringify(task.progress?.recent).length).toBeLessThanOrEqual(8 * 1024);
    expect(task.progress?.fraction).toBe(0.9);
  });

  it('goes on after a failed attempt, with the number of the attempt', async () => {
    const { entries, task } = await runOne(async (_state, _request, { partial, attempt }) => {
      partial({ value: attempt });
      if (attempt === 1) throw new Error('Not this time.');
      return { value: 1 };
    });

    expect(task.state).toBe('succeeded');
    expect(entries).toMatchObject([
      { seq: 1, attempt: 1 },
      { seq: 2, attempt: 2 },
    ]);
  });

  it('fails the run when it is no progress and no part of a response', async () => {
    const { task } = await runOne(async (_state, _request, { progress }) => {
      progress(1.5);
      return { value: 1 };
    });

    expect(task.history?.[0]?.error?.message).toContain('The progress must be from 0 to 1, not 1.5.');
  });
});
