import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Delivery, type ReleaseOptions, type TaskQueue, type TaskStore, unavailable } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { replacing } from '#test/lambdas/api-harness.ts';
import { aStart } from '#test/support/tasks.ts';
import { createTestWorker, type Predict, type TestWorker } from '#test/support/test-worker.ts';

const echo: Predict = (_state, { value }) => ({ value });

function started(worker: TestWorker): TestWorker {
  void worker.start();
  onTestFinished(async () => {
    await worker.stop();
    await worker.platform.close();
  });
  return worker;
}

/** The same store, and when a start was told to it, whatever it answered. */
function watchStarts(store: TaskStore) {
  const recorded = Promise.withResolvers<void>();
  const apply: TaskStore['apply'] = async (id, event) => {
    const outcome = await store.apply(id, event);
    if (event.type === 'started') recorded.resolve();
    return outcome;
  };
  return { tasks: replacing(store, { apply }), recorded: recorded.promise };
}

/** The same store, which cannot be reached once: by a read, or by an event of this type. */
function awayOnce(store: TaskStore, { reads = 0, event }: { readonly reads?: number; readonly event?: string }) {
  let left = 1;
  const failOnce = (fails: boolean) => {
    if (fails && left-- > 0) throw unavailable('store_unavailable', 'The store is away.', undefined);
  };
  const get: TaskStore['get'] = async (id) => {
    failOnce(reads > 0);
    return store.get(id);
  };
  const apply: TaskStore['apply'] = async (id, told) => {
    failOnce(told.type === event);
    return store.apply(id, told);
  };
  return replacing(store, { get, apply });
}

/** Receives from the queue, and records what is released, which comes back soon. */
function watchReleases(queue: TaskQueue) {
  const released: (ReleaseOptions | undefined)[] = [];
  const watch = (delivery: Delivery) => {
    const release = delivery.release.bind(delivery);
    return Object.assign(delivery, {
      release(options?: ReleaseOptions) {
        released.push(options);
        return release({ ...options, delaySeconds: 0.01 });
      },
    });
  };
  const consume = (signal: AbortSignal) => {
    const consumer = queue.consume({ leaseSeconds: 30, signal });
    return replacing(consumer, { receive: async (max: number) => (await consumer.receive(max)).map(watch) });
  };
  return { released, consume };
}

describe('a redelivered task', () => {
  it('is run again under the same number when its run was given back', async () => {
    const platform = createMemoryPlatform();
    const begun = Promise.withResolvers<void>();
    const failsFirst: Predict = async (_state, _request, { attempt, signal }) => {
      if (attempt === 1) throw new Error('Not this time.');
      begun.resolve();
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      return { value: 0 };
    };
    const first = createTestWorker({ predict: failsFirst }, { platform, stopTimeoutMs: 10 });
    const task = await first.submit(1);
    void first.start();
    await begun.promise;
    await first.stop();

    const second = started(createTestWorker({ predict: echo }, { platform }));
    const ended = await second.ended(task);

    expect(first.outcomes).toEqual(['retried', 'released']);
    expect(ended).toMatchObject({ state: 'succeeded', attempts: 2 });
  });

  it('runs to its end when it was given back after its first start was recorded', async () => {
    const platform = createMemoryPlatform();
    const begins: Predict = (_state, _request, { signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const first = createTestWorker({ predict: begins }, { platform, stopTimeoutMs: 10 });
    const { id } = await first.submit(1);
    void first.start();
    await expect.poll(async () => (await platform.tasks.get(id))?.state).toBe('running');
    await first.stop();
    const { tasks, recorded } = watchStarts(platform.tasks);
    const lasts: Predict = async (_state, { value }) => {
      await recorded;
      await turn();
      return { value };
    };

    const second = started(createTestWorker({ predict: lasts }, { platform, tasks }));

    await expect.poll(() => second.outcomes).toEqual(['succeeded']);
    expect(first.outcomes).toEqual(['released']);
    expect(await platform.tasks.get(id)).toMatchObject({ state: 'succeeded', attempts: 1 });
  });

  it.each([
    ['it is read', { reads: 1 }],
    ['it starts', { event: 'started' }],
  ])('stays a suspect with its charged runs when the store is away as %s', async (_, outage) => {
    const platform = createMemoryPlatform();
    const { released, consume } = watchReleases(platform.queues('model_b'));
    const tasks = awayOnce(platform.tasks, outage);
    const worker = createTestWorker({ predict: echo }, { platform, tasks, consume });
    const task = await worker.submit(1);
    const stop = new AbortController();
    const consumer = platform.queues('model_b').consume({ leaseSeconds: 30, signal: stop.signal });
    const [delivery] = await consumer.receive(1);
    await platform.tasks.apply(task.id, { ...aStart, alone: true });
    await delivery?.retry({ attempts: 0, isSuspect: true });
    stop.abort();
    await consumer.close();

    const ended = await started(worker).ended(task);

    expect(released).toEqual([expect.objectContaining({ isSuspect: true })]);
    expect(ended).toMatchObject({ state: 'succeeded', attempts: 2 });
  });

  it('is neither run nor held while a newer delivery is recorded', async () => {
    const worker = createTestWorker({ predict: echo }, { manifest: { maxAttempts: 5 } });
    const { id } = await worker.submit(1);
    const stop = new AbortController();
    const consumer = worker.platform.queues('model_b').consume({ leaseSeconds: 30, signal: stop.signal });
    const [delivery] = await consumer.receive(1);
    await worker.platform.tasks.apply(id, { ...aStart, fence: 3, attempts: 3 });
    await delivery?.retry({ attempts: 1 });
    stop.abort();
    await consumer.close();

    started(worker);

    await expect.poll(() => worker.outcomes).toEqual(['released']);
    expect(await worker.platform.tasks.get(id)).toMatchObject({ state: 'running', attempts: 3 });
    expect(await worker.platform.queues('model_b').depth()).toMatchObject({ visible: 0, inFlight: 0, delayed: 1 });
  });

  it.each(['its result', 'its start'])('is given back when a newer delivery was recorded before %s', async (told) => {
    const platform = createMemoryPlatform();
    const overtaken: Predict = async (_state, { value }, { taskId, signal }) => {
      await platform.tasks.apply(taskId, { ...aStart, fence: 2, attempts: 2 });
      if (told === 'its start') await once(signal, 'abort');
      return { value };
    };
    const worker = started(createTestWorker({ predict: overtaken }, { platform }));

    const { id } = await worker.submit(1);

    await expect.poll(() => worker.outcomes).toEqual(['lease-lost']);
    expect(await platform.tasks.get(id)).toMatchObject({ state: 'running', attempts: 2 });
    expect(await platform.queues('model_b').depth()).toMatchObject({ visible: 0, inFlight: 0, delayed: 1 });
  });
});
