import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Task } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { systemClock } from '#platform/platform.ts';
import { InvalidInput } from '#runtime/define-model.ts';
import { createTestWorker, deadLetter, type Predict, type TestWorker } from '#test/support/test-worker.ts';

const echo: Predict = (_state, { value }) => ({ value });

function started(worker: TestWorker): TestWorker {
  void worker.start().catch(() => undefined);
  onTestFinished(async () => {
    await worker.stop().catch(() => undefined);
    await worker.platform.close();
  });
  return worker;
}

/** A predict that waits for the test, task by task. */
function gate() {
  const begun = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const predict: Predict = async (_state, { value }, { signal }) => {
    begun.resolve();
    await Promise.race([
      opened.promise,
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ]);
    return { value };
  };
  return { predict, begun: begun.promise, open: () => opened.resolve() };
}

describe('the worker', () => {
  it('runs a task, keeps its result and leaves the queue empty', async () => {
    const worker = started(createTestWorker({ predict: echo }));

    const task = await worker.ended(await worker.submit(7));
    await worker.stop();

    expect(task).toMatchObject({ state: 'succeeded', attempts: 1, result: { contractHash: 'contract' } });
    expect(await worker.platform.queues('model_b').depth()).toMatchObject({ visible: 0, inFlight: 0, deadLetters: 0 });
  });

  it('goes on when its clock is set back during a run, as when it hears the time of the store', async () => {
    let setBackMs = 0;
    const predict: Predict = (_state, { value }) => {
      setBackMs += 700;
      return { value };
    };
    const clock = { ...systemClock, now: () => systemClock.now() - setBackMs };
    const worker = started(createTestWorker({ predict }, { clock }));
    await worker.ended(await worker.submit(1));

    const next = await worker.ended(await worker.submit(2));
    await worker.stop();

    expect(next.state).toBe('succeeded');
    expect(worker.ends.flatMap(({ runMs = 0 }) => runMs)).toEqual([0, 0]);
  });

  it('never has more runs under way than slots, and uses all of them', async () => {
    let most = 0;
    let now = 0;
    const worker = createTestWorker(
      {
        predict: async (_state, { value }) => {
          most = Math.max(most, ++now);
          await sleep(2);
          now--;
          return { value };
        },
      },
      { manifest: { slots: 3 } },
    );
    const tasks = await Promise.all(Array.from({ length: 30 }, (_, i) => worker.submit(i)));

    started(worker);
    await Promise.all(tasks.map(worker.ended));

    expect(most).toBe(3);
  });

  it('refills a free slot without waiting for a slow neighbour', async () => {
    const slow = gate();
    const worker = createTestWorker(
      {
        predict: (state, request, context) =>
          request.value === 0 ? slow.predict(state, request, context) : echo(state, request, context),
      },
      { manifest: { slots: 2 } },
    );
    const first = await worker.submit(0);
    started(worker);
    await slow.begun;

    const others = await Promise.all([1, 2, 3, 4, 5].map((value) => worker.submit(value)));
    const ended = await Promise.all(others.map(worker.ended));

    expect(ended.map(({ state }) => state)).toEqual(others.map(() => 'succeeded'));
    slow.open();
    expect((await worker.ended(first)).state).toBe('succeeded');
  });

  it('ends a task at once when the model says that its input is invalid', async () => {
    const worker = started(
      createTestWorker({
        predict: () => {
          throw new InvalidInput('The value is odd.');
        },
      }),
    );

    const task = await worker.ended(await worker.submit(1));

    const error = { code: 'invalid_input', message: 'The value is odd.', retryable: false };
    expect(task).toMatchObject({ state: 'failed', attempts: 1, error });
    await expect.poll(() => worker.ends).toMatchObject([{ outcome: 'failed', taskId: task.id, attempt: 1, error }]);
  });

  it('tries again after any other error, with a growing pause', async () => {
    const attempts: number[] = [];
    const worker = started(
      createTestWorker({
        predict: (_state, { value }, { attempt }) => {
          attempts.push(attempt);
          if (attempt === 1) throw new Error('The weights melted.');
          return { value };
        },
      }),
    );

    const task = await worker.ended(await worker.submit(1));

    expect(task).toMatchObject({ state: 'succeeded', attempts: 2 });
    expect(attempts).toEqual([1, 2]);
  });

  it('gives up with the last reason when the attempts are spent', async () => {
    const worker = started(
      createTestWorker(
        {
          predict: () => {
            throw new Error('The weights melted.');
          },
        },
        { manifest: { maxAttempts: 1 } },
      ),
    );

    const task = await worker.submit(1);
    await deadLetter(worker);

    expect(await worker.ended(task)).toMatchObject({
      state: 'failed',
      error: { code: 'attempts_exhausted', message: expect.stringContaining('The weights melted.') },
    });
  });

  it.each([
    ['at once', new InvalidInput('x'.repeat(2_000_000))],
    ['after its attempts', Object.assign(new Error('x'.repeat(2_000_000)), { code: 'y'.repeat(2_000_000) })],
  ])('stores the beginning of a long error that ends a task %s', async (_when, error) => {
    const worker = started(
      createTestWorker({ predict: () => Promise.reject(error) }, { manifest: { maxAttempts: 1 } }),
    );

    const task = await worker.submit(1);
    if (error instanceof InvalidInput) await worker.ended(task);
    else await deadLetter(worker);

    const stored = await worker.ended(task);
    expect(stored.error?.message).toHaveLength(1000);
    expect(stored.history?.[0]?.error?.message).toMatch(/^x{999}…$/);
    expect(JSON.stringify(stored.history).length).toBeLessThan(4000);
  });

  it('does not run a task again whose attempts its dead runners have spent', async () => {
    const platform = createMemoryPlatform();
    let runs = 0;
    const worker = createTestWorker(
      {
        predict: (_state, { value }) => {
          runs++;
          return { value };
        },
      },
      { platform, manifest: { maxAttempts: 2 } },
    );
    const task = await worker.submit(1);
    const stop = new AbortController();
    const consumer = platform.queues('model_b').consume({ leaseSeconds: 30, signal: stop.signal });
    for (const attempts of [1, 2]) for (const delivery of await consumer.receive(1)) await delivery.retry({ attempts });

    started(worker);
    await deadLetter(worker);

    expect((await worker.ended(task)).state).toBe('failed');
    expect(runs).toBe(0);
  });

  it('sends what is no envelope to the dead letters and keeps serving', async () => {
    const worker = started(createTestWorker({ predict: echo }));
    await worker.platform.queues('model_b').send({ body: Uint8Array.of(255, 255) });

    const delivery = await deadLetter(worker);

    expect(delivery.reason?.code).toBe('unreadable');
    expect((await worker.ended(await worker.submit(1))).state).toBe('succeeded');
  });

  it('fails a task whose request does not decode, without trying it again', async () => {
    const worker = started(createTestWorker({ predict: echo }));

    const task = await worker.ended(await worker.submitBytes(Uint8Array.of(8)));

    expect(task).toMatchObject({
      state: 'failed',
      attempts: 1,
      error: { code: 'request_unreadable', retryable: false },
    });
  });

  it('ends a task with an answer that is not the response message', async () => {
    const worker = started(createTestWorker({ predict: () => ({ value: 'seven' as unknown as number }) }));

    const task = await worker.ended(await worker.submit(1));

    expect(task).toMatchObject({ state: 'failed', error: { code: 'result_unserializable', retryable: false } });
  });

  it('aborts a run that takes too long and counts the attempt', async () => {
    const causes: unknown[] = [];
    const worker = started(
      createTestWorker(
        {
          predict: async (_state, { value }, { signal }) => {
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
            causes.push(signal.reason.abortCause);
            return { value };
          },
        },
        { manifest: { maxAttempts: 1 } },
      ),
    );

    const task = await worker.submit(1, { timeoutSeconds: 1 });
    const delivery = await deadLetter(worker);

    expect(delivery.reason?.code).toBe('timeout');
    expect(await worker.ended(task)).toMatchObject({ state: 'failed', error: { code: 'timeout' } });
    expect(causes).toEqual(['timeout']);
  });

  it('ends a run at the deadline of its task as expired', async () => {
    const worker = started(createTestWorker({ predict: gate().predict }));

    const task = await worker.ended(await worker.submit(1, { deadlineSeconds: 1 }));

    expect(task).toMatchObject({ state: 'expired', error: { code: 'deadline_exceeded' } });
  });

  it('gives a task of an unknown contract back without spending an attempt', async () => {
    const worker = started(createTestWorker({ predict: echo }));

    await worker.submit(1, { contract: { hash: 'newer' } });
    await expect.poll(() => worker.outcomes).toContain('released');
    await worker.stop();

    const stop = new AbortController();
    const [delivery] = await worker.platform
      .queues('model_b')
      .consume({ leaseSeconds: 30, signal: stop.signal })
      .receive(1);
    expect(delivery).toMatchObject({ fence: 2, attempts: 0 });
    stop.abort();
  });

  it('shows a task as running once its run takes a while', async () => {
    const { predict, begun, open } = gate();
    const worker = started(createTestWorker({ predict }));
    const { id } = await worker.submit(1);
    await begun;

    await expect.poll(async () => (await worker.platform.tasks.get(id))?.state).toBe('running');

    open();
    await expect.poll(async () => (await worker.platform.tasks.get(id))?.state).toBe('succeeded');
  });

  it('aborts a run whose task was ended elsewhere', async () => {
    const { predict, begun } = gate();
    const worker = started(createTestWorker({ predict }));
    const { id } = await worker.submit(1);
    await begun;

    await worker.platform.tasks.apply(id, { type: 'canceled', at: Date.now() });

    await expect.poll(() => worker.outcomes).toEqual(['already-ended']);
  });

  it('lets a lost lease abort the run, and the other runner win', async () => {
    const platform = createMemoryPlatform();
    const { predict, begun } = gate();
    const cutOff = platform.queues('model_b').connect();
    const first = started(
      createTestWorker(
        { predict },
        { platform, consume: (signal) => cutOff.consume({ leaseSeconds: 1, signal }), maxQueueOutageMs: 60_000 },
      ),
    );
    const task = await first.submit(5);
    await begun;
    cutOff.reachable = false;

    const second = started(createTestWorker({ predict: echo }, { platform }));
    const ended = await second.ended(task);

    expect(ended).toMatchObject({ state: 'succeeded', fence: 2, attempts: 1 });
    await expect.poll(() => first.outcomes).toEqual(['lease-lost']);
  });
});

describe('the worker, when told to stop', () => {
  it('finishes what is in hand and gives the rest back with its attempt', async () => {
    const { predict, begun, open } = gate();
    const worker = createTestWorker({ predict }, { manifest: { slots: 1 } });
    const tasks: Task[] = [];
    for (let value = 0; value < 5; value++) tasks.push(await worker.submit(value));
    const running = worker.start();
    await begun;

    const stopped = worker.stop();
    open();
    await stopped;
    await running;

    const states = await Promise.all(tasks.map(async ({ id }) => (await worker.platform.tasks.get(id))?.state));
    expect(states.filter((state) => state === 'succeeded')).toHaveLength(1);
    expect((await worker.platform.queues('model_b').depth()).visible).toBe(4);
    await worker.platform.close();
  });

  it('gives a run back that would not finish in time', async () => {
    const { predict, begun } = gate();
    const worker = createTestWorker({ predict }, { stopTimeoutMs: 10 });
    await worker.submit(1);
    void worker.start();
    await begun;

    await worker.stop();

    expect(worker.outcomes).toEqual(['released']);
    expect((await worker.platform.queues('model_b').depth()).visible).toBe(1);
    await worker.platform.close();
  });
});

describe('the worker, when something stays broken', () => {
  it('rejects when the queue stays away', async () => {
    const worker = createTestWorker({ predict: echo }, { maxQueueOutageMs: 50 });
    worker.platform.queues('model_b').reachable = false;

    await expect(worker.start()).rejects.toMatchObject({ code: 'queue_unavailable' });
    await worker.platform.close();
  });

  it('comes back when the queue does', async () => {
    const worker = started(createTestWorker({ predict: echo }));
    const queue = worker.platform.queues('model_b');
    queue.reachable = false;
    await sleep(50);
    queue.reachable = true;

    expect((await worker.ended(await worker.submit(1))).state).toBe('succeeded');
  });
});

describe('the worker of a model that answers batches', () => {
  const batching = { maxSize: 4, maxWaitMs: 5000 };

  it('gathers what is there and never waits while idle', async () => {
    const sizes: number[] = [];
    const worker = createTestWorker(
      {
        predictBatch: (_state, requests) => {
          sizes.push(requests.length);
          return requests.map(({ value }) => ({ value }));
        },
      },
      { manifest: { batching } },
    );
    const tasks = await Promise.all([1, 2, 3, 4, 5].map((value) => worker.submit(value)));

    started(worker);
    await Promise.all(tasks.map(worker.ended));

    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(5);
    expect(sizes[0]).toBe(4);
  });

  it('fails the one bad item alone when the whole batch throws', async () => {
    const worker = createTestWorker(
      {
        predictBatch: (_state, requests) => {
          if (requests.some(({ value }) => value === 3)) throw new InvalidInput('Not three.');
          return requests.map(({ value }) => ({ value }));
        },
      },
      { manifest: { batching } },
    );
    const tasks = await Promise.all([1, 2, 3, 4].map((value) => worker.submit(value)));

    started(worker);
    const ended = await Promise.all(tasks.map(worker.ended));

    expect(ended.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'failed', 'succeeded']);
  });

  it('fails an item that the model answers with an error', async () => {
    const worker = createTestWorker(
      {
        predictBatch: (_state, requests) =>
          requests.map(({ value }) => (value === 2 ? new InvalidInput('Not two.') : { value })),
      },
      { manifest: { batching } },
    );
    const tasks = await Promise.all([1, 2].map((value) => worker.submit(value)));

    started(worker);
    const ended = await Promise.all(tasks.map(worker.ended));

    expect(ended.map(({ state }) => state)).toEqual(['succeeded', 'failed']);
  });
});
