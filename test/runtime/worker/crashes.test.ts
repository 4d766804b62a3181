import { describe, expect, it, onTestFinished } from 'vitest';
import { ProbeRequest } from '#test/fixtures/proto/gen/models/probe.ts';
import { processModel } from '#test/support/process-model.ts';
import { createTestWorker, deadLetter } from '#test/support/test-worker.ts';

/** What a request can do to the process of its model. */
const CRASHES = [
  ['exit', 'leave'],
  ['crash', 'crash'],
  ['unhandled rejection', 'reject'],
  ['stack overflow', 'overflow'],
  ['out of memory', 'exhaust'],
] as const;
const GOOD_TASKS = 5;

function serve(model: string) {
  const backend = processModel(model);
  const worker = createTestWorker({ backend }, { graceMs: 1000 });
  onTestFinished(async () => {
    await worker.stop().catch(() => undefined);
    await worker.platform.close();
  });
  const submit = (action: string, seconds = 0, timeoutSeconds?: number) =>
    worker.submitBytes(
      ProbeRequest.encode({ action, seconds }),
      timeoutSeconds === undefined ? {} : { timeoutSeconds },
    );
  return { backend, worker, submit };
}

describe.each(['in_slots', 'in_batches'])('a poison task of a model that runs eight requests %s', (model) => {
  it.each(CRASHES)('fails alone when it ends the process by %s', async (_, action) => {
    const { worker, submit, backend } = serve(model);
    const good = await Promise.all(Array.from({ length: GOOD_TASKS }, () => submit('wait', 0.2)));
    const poison = await submit(action, 0.1);
    void worker.start();

    await deadLetter(worker);
    const ended = await Promise.all(good.map(worker.ended));
    const failed = await worker.ended(poison);
    const after = await worker.ended(await submit('answer'));

    expect(ended.map(({ state, attempts }) => ({ state, attempts }))).toEqual(
      good.map(() => ({ state: 'succeeded', attempts: 1 })),
    );
    expect(failed).toMatchObject({ state: 'failed', attempts: 2, error: { code: 'attempts_exhausted' } });
    expect(failed.error?.message).toMatch(/^Gave up after 2 attempts\. Last error: The model process /);
    expect(after).toMatchObject({ state: 'succeeded', attempts: 1 });
    // In company, twice alone, and the one that runs now.
    expect(backend.launches).toHaveLength(4);
  });
});

describe('a task that keeps the thread of its model', () => {
  it.each([
    ['a computation', 'compute', 'in_slots'],
    ['native code', 'block', 'in_batches'],
  ])('by %s is stopped by its timeout and fails alone', { timeout: 60_000 }, async (_, action, model) => {
    const { worker, submit } = serve(model);
    const good = await Promise.all(Array.from({ length: GOOD_TASKS }, () => submit('wait', 0.2, 2)));
    const poison = await submit(action, 600, 2);
    void worker.start();

    // The poison is the last to end.
    await deadLetter(worker);
    const ended = await Promise.all(good.map(worker.ended));
    const failed = await worker.ended(poison);

    expect(ended.map(({ state, attempts }) => ({ state, attempts }))).toEqual(
      good.map(() => ({ state: 'succeeded', attempts: 1 })),
    );
    expect(failed).toMatchObject({ state: 'failed', attempts: 2, error: { code: 'timeout' } });
  });
});
