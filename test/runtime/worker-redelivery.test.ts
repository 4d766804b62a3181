import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryPlatform } from '#platform/memory.ts';
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

describe('a redelivered task', () => {
  it('is taken up under the number of the attempt that was given back', async () => {
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

  it('is neither run nor held while a newer attempt is recorded', async () => {
    const worker = createTestWorker({ predict: echo }, { manifest: { maxAttempts: 5 } });
    const { id } = await worker.submit(1);
    const stop = new AbortController();
    const consumer = worker.platform.queues('model_b').consume({ leaseSeconds: 30, signal: stop.signal });
    const [delivery] = await consumer.receive(1);
    await worker.platform.tasks.apply(id, { type: 'started', attempt: 3, at: Date.now() });
    await delivery?.retry();
    stop.abort();
    await consumer.close();

    started(worker);

    await expect.poll(() => worker.outcomes).toEqual(['released']);
    expect(await worker.platform.tasks.get(id)).toMatchObject({ state: 'running', attempts: 3 });
    expect(await worker.platform.queues('model_b').depth()).toMatchObject({ visible: 0, inFlight: 0, delayed: 1 });
  });
});
