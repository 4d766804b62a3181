import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeEnvelope, type SubmitCommand, submitTask, type Task, type TaskQueue, unavailable } from '#core';
import { createMemoryPlatform, type MemoryPlatform } from '#platform/memory.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { CONTRACT, createTestWorker, type Predict, type TestWorker } from '#test/support/test-worker.ts';

/** Submits under one key, by a queue that takes every message and then loses its confirmation while `isDeaf`. */
function submitter(platform: MemoryPlatform) {
  const state = { isDeaf: false };
  const queue = platform.queues('model_b');
  const send: TaskQueue['send'] = async (message) => {
    await queue.send(message);
    if (state.isDeaf) throw unavailable('queue_unavailable', 'The confirmation is lost.', undefined);
  };
  const deps = { ...platform, queues: () => Object.assign(Object.create(queue), { send }) as TaskQueue };
  const submit = (value: number, more: Partial<SubmitCommand> = {}): Promise<Task> =>
    submitTask(deps, {
      owner: 'local',
      model: 'model_b',
      contract: CONTRACT,
      request: ModelBRequest.encode({ value }),
      limits: { timeoutSeconds: 60 },
      idempotencyKey: 'k',
      ...more,
    });
  return { state, submit };
}

function started(worker: TestWorker): TestWorker {
  void worker.start();
  onTestFinished(async () => {
    await worker.stop();
    await worker.platform.close();
  });
  return worker;
}

const answerOf = ({ result }: Task): number | undefined =>
  result?.payload.kind === 'inline' ? ModelBResponse.decode(result.payload.bytes).value : undefined;

describe('a key that is used again after a lost confirmation', () => {
  it.each([1, 2])('never shows the result of the first request, with %i slots', async (slots) => {
    const platform = createMemoryPlatform();
    const { state, submit } = submitter(platform);
    state.isDeaf = true;
    await expect(submit(1)).rejects.toMatchObject({ code: 'queue_unavailable' });
    state.isDeaf = false;
    const other = await submit(2);
    const predict: Predict = (_state, { value }) => ({ value });

    const worker = started(createTestWorker({ predict }, { platform, manifest: { slots } }));
    await expect.poll(() => worker.outcomes).toHaveLength(2);

    const ended = await platform.tasks.get(other.id);
    expect(ended?.state).toBe('succeeded');
    expect(ended && answerOf(ended)).toBe(2);
    expect(worker.outcomes.toSorted()).toEqual(['already-ended', 'succeeded']);
  });

  it('never expires the other task at the deadline of the first', async () => {
    const platform = createMemoryPlatform();
    const { state, submit } = submitter(platform);
    state.isDeaf = true;
    await expect(submit(1, { deadlineSeconds: 0 })).rejects.toMatchObject({ code: 'queue_unavailable' });
    state.isDeaf = false;
    const other = await submit(1);

    const worker = started(createTestWorker({ predict: (_state, { value }) => ({ value }) }, { platform }));

    expect((await worker.ended(other)).state).toBe('succeeded');
  });
});

describe('a task of which several messages are queued', () => {
  it.each([1, 10])('is run at most twice after 50 repeats, with %i slots', async (slots) => {
    const platform = createMemoryPlatform();
    const { submit } = submitter(platform);
    const { id } = await submit(7);
    for (let repeat = 0; repeat < 50; repeat++) await submit(7);
    let runs = 0;
    const predict: Predict = async (_state, { value }) => {
      runs++;
      return { value };
    };

    const worker = started(createTestWorker({ predict }, { platform, manifest: { slots } }));
    await expect.poll(async () => (await platform.queues('model_b').depth()).visible).toBe(0);
    await expect.poll(() => worker.outcomes.length).toBeGreaterThanOrEqual(2);

    expect(runs).toBeLessThanOrEqual(2);
    expect((await platform.tasks.get(id))?.state).toBe('succeeded');
  });

  it('is run at most twice, however many messages of it there are', async () => {
    const platform = createMemoryPlatform();
    const { submit } = submitter(platform);
    const task = await submit(7);
    const { id, model, owner, contractHash, requestHash, deadlineAt, createdAt } = task;
    const request = { kind: 'inline', bytes: ModelBRequest.encode({ value: 7 }) } as const;
    for (let copy = 1; copy <= 10; copy++) {
      const times = { deadlineAt, submittedAt: createdAt };
      const body = encodeEnvelope({ taskId: id, model, owner, request, contractHash, requestHash, ...times, copy });
      await platform.queues('model_b').send({ body });
    }
    let runs = 0;
    const predict: Predict = async (_state, { value }) => {
      runs++;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { value };
    };

    const worker = started(createTestWorker({ predict }, { platform, manifest: { slots: 11 } }));
    await expect.poll(() => worker.outcomes.length).toBe(11);

    expect(runs).toBeLessThanOrEqual(2);
    expect((await platform.tasks.get(id))?.state).toBe('succeeded');
  });
});
