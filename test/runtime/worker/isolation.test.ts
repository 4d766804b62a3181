import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ModelManifest } from '#catalog/manifest.ts';
import type { TaskEvent } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { replacing } from '#test/lambdas/api-harness.ts';
import { inProcessBackend } from '#test/support/in-process-model.ts';
import { createTestWorker, deadLetter, define, type Predict, type PredictBatch } from '#test/support/test-worker.ts';

const POISON = 13;
const never = new Promise<never>(() => undefined);

/** A worker of a model whose process the model can end. */
function serve(
  createModel: (crash: () => void) => { readonly predict: Predict } | { readonly predictBatch: PredictBatch },
  manifest: Partial<ModelManifest>,
) {
  const backend = inProcessBackend(
    define(
      createModel(() => backend.crash()),
      manifest,
    ),
  );
  const platform = createMemoryPlatform();
  const events: TaskEvent[] = [];
  const tasks = replacing(platform.tasks, {
    apply: (id, event) => {
      events.push(event);
      return platform.tasks.apply(id, event);
    },
  });
  const worker = createTestWorker({ backend }, { platform, tasks, graceMs: 300 });
  onTestFinished(async () => {
    await worker.stop().catch(() => undefined);
    await platform.close();
  });
  return { backend, worker, events };
}

/** Ends the process when the poison is in it; everything else takes a moment. */
const crashing = (crash: () => void): { readonly predict: Predict } => ({
  async predict(_state, { value }) {
    await sleep(value === POISON ? 20 : 50);
    if (value === POISON) crash();
    return { value };
  },
});

describe('runs that were in a process when it ended', () => {
  it('are repeated alone, and only the guilty one is charged', async () => {
    const { worker } = serve(crashing, { slots: 4, maxAttempts: 2 });
    const good = await Promise.all([1, 2, 3].map((value) => worker.submit(value)));
    const poison = await worker.submit(POISON);

    void worker.start();
    const ended = await Promise.all(good.map(worker.ended));
    await deadLetter(worker);

    expect(ended.map(({ state, attempts }) => [state, attempts])).toEqual(good.map(() => ['succeeded', 1]));
    expect(await worker.ended(poison)).toMatchObject({
      state: 'failed',
      attempts: 2,
      error: {
        code: 'attempts_exhausted',
        message: 'Gave up after 2 attempts. Last error: The model process was killed by SIGSEGV.',
      },
    });
  });

  it('record the start of a lone run before it begins', async () => {
    const { worker, events } = serve(crashing, { slots: 2, maxAttempts: 1 });
    await worker.submit(POISON);
    const task = await worker.submit(1);

    void worker.start();
    await worker.ended(task);

    const lone = events.filter((event) => event.type === 'started' && event.alone);
    expect(lone).toMatchObject([
      { attempts: 1, fence: 1 },
      { attempts: 1, fence: 1 },
    ]);
  });

  it('are charged when they were alone, and stay suspects', async () => {
    let most = 0;
    let now = 0;
    const { worker } = serve(
      (crash) => ({
        async predict(_state, { value }) {
          most = Math.max(most, ++now);
          await sleep(50);
          now--;
          if (value === POISON && most === 1) crash();
          return { value };
        },
      }),
      { slots: 4, maxAttempts: 3 },
    );
    await worker.submit(POISON);
    void worker.start();
    await expect.poll(() => worker.outcomes).toEqual(['retried']);

    const delivery = worker.platform.queues('model_b').consume({ leaseSeconds: 30, signal: AbortSignal.timeout(9000) });
    await worker.stop();
    const [redelivered] = await delivery.receive(1);

    expect(redelivered).toMatchObject({ attempts: 1, isSuspect: true });
  });

  it('are given back as suspects when the worker stops before their turn', async () => {
    const { worker, backend } = serve(() => ({ predict: () => never }), { slots: 2 });
    await worker.submit(1);
    await worker.submit(2);
    void worker.start();
    await sleep(50);

    backend.crash();
    await worker.stop();
    const consumer = worker.platform.queues('model_b').consume({ leaseSeconds: 30, signal: AbortSignal.timeout(5000) });
    const deliveries = await consumer.receive(2);

    expect(deliveries.map(({ attempts, isSuspect }) => ({ attempts, isSuspect }))).toEqual([
      { attempts: 0, isSuspect: true },
      { attempts: 0, isSuspect: true },
    ]);
  });

  it('of a batch are repeated one by one', async () => {
    const sizes: number[] = [];
    const { worker } = serve(
      (crash) => ({
        async predictBatch(_state, requests) {
          sizes.push(requests.length);
          await sleep(20);
          if (requests.some(({ value }) => value === POISON)) crash();
          return requests.map(({ value }) => ({ value }));
        },
      }),
      { batching: { maxSize: 4, maxWaitMs: 100 }, maxAttempts: 1 },
    );
    const good = await Promise.all([1, 2, 3].map((value) => worker.submit(value)));
    const poison = await worker.submit(POISON);

    void worker.start();
    const ended = await Promise.all(good.map(worker.ended));
    await deadLetter(worker);

    expect(ended.map(({ state, attempts }) => [state, attempts])).toEqual(good.map(() => ['succeeded', 1]));
    expect(await worker.ended(poison)).toMatchObject({ state: 'failed', attempts: 1 });
    expect(sizes).toEqual([4, 1, 1, 1, 1]);
  });
});

describe('a timeout', () => {
  it('of one request of a batch ends that request, and nothing else', async () => {
    const aborted: boolean[] = [];
    const { worker, backend } = serve(
      () => ({
        async predictBatch(_state, requests, { signal }) {
          await sleep(2000);
          aborted.push(signal.aborted);
          return requests.map(({ value }) => ({ value }));
        },
      }),
      { batching: { maxSize: 4, maxWaitMs: 100 }, maxAttempts: 1 },
    );
    const impatient = await worker.submit(0, { timeoutSeconds: 1 });
    const others = await Promise.all([1, 2, 3].map((value) => worker.submit(value)));

    void worker.start();
    const delivery = await deadLetter(worker);
    const ended = await Promise.all(others.map(worker.ended));

    expect(delivery.reason?.code).toBe('timeout');
    expect((await worker.ended(impatient)).state).toBe('failed');
    expect(ended.map(({ state, attempts }) => [state, attempts])).toEqual(others.map(() => ['succeeded', 1]));
    expect(aborted).toEqual([false]);
    expect(backend.launches).toBe(1);
  });

  it('of a whole batch that ignores its abort repeats its requests one by one', async () => {
    const { worker, backend } = serve(
      () => ({
        predictBatch: (_state, requests) =>
          requests.some(({ value }) => value === POISON) ? never : requests.map(({ value }) => ({ value })),
      }),
      { batching: { maxSize: 4, maxWaitMs: 100 }, maxAttempts: 1, timeoutSeconds: 1 },
    );
    const good = await Promise.all([1, 2, 3].map((value) => worker.submit(value)));
    const poison = await worker.submit(POISON);

    void worker.start();
    const ended = await Promise.all(good.map(worker.ended));
    await deadLetter(worker);

    expect(ended.map(({ state, attempts }) => [state, attempts])).toEqual(good.map(() => ['succeeded', 1]));
    expect(await worker.ended(poison)).toMatchObject({ state: 'failed', error: { code: 'timeout' } });
    expect(backend.launches).toBeGreaterThanOrEqual(2);
  });

  it('of a run that ignores its abort costs that run, and its neighbours a repetition that is not charged', async () => {
    const runs = new Map<number, number>();
    const { worker, backend } = serve(
      () => ({
        async predict(_state, { value }, { signal }) {
          runs.set(value, (runs.get(value) ?? 0) + 1);
          if (value === POISON) return never;
          await sleep(backend.launches === 1 ? 60_000 : 10, undefined, { signal });
          return { value };
        },
      }),
      { slots: 4, maxAttempts: 1, timeoutSeconds: 3 },
    );
    const poison = await worker.submit(POISON);
    void worker.start();
    // Later than the other one, so that they have not reached their timeout when it has passed its grace period.
    await sleep(1500);
    const good = await Promise.all([1, 2].map((value) => worker.submit(value)));
    await deadLetter(worker);
    const ended = await Promise.all(good.map(worker.ended));

    expect(await worker.ended(poison)).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'timeout' } });
    expect(ended.map(({ state, attempts }) => [state, attempts])).toEqual(good.map(() => ['succeeded', 1]));
    expect(Object.fromEntries(runs)).toEqual({ [POISON]: 1, 1: 2, 2: 2 });
  });
});
