import { describe, expect, it } from 'vitest';
import {
  decodeEnvelope,
  getTask,
  MAX_DEADLINE_SECONDS,
  MAX_INLINE_BYTES,
  RETENTION_SECONDS,
  type SubmitCommand,
  submitTask,
  type TaskQueue,
} from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';

const command: SubmitCommand = {
  owner: 'local',
  model: 'model_a',
  contract: { hash: 'c1' },
  request: Uint8Array.of(1, 2, 3),
  limits: { timeoutSeconds: 60 },
};

async function nextEnvelope(queue: TaskQueue) {
  const stop = new AbortController();
  const consumer = queue.consume({ leaseSeconds: 30, signal: stop.signal });
  const [delivery] = await consumer.receive(1);
  if (!delivery) throw new Error('The queue is empty.');
  await delivery.ack();
  stop.abort();
  await consumer.close();
  return decodeEnvelope(delivery.body);
}

describe('submitTask', () => {
  it('keeps the task, then queues its envelope', async () => {
    const platform = createMemoryPlatform();

    const task = await submitTask(platform, { ...command, trace: { traceparent: 'tp', tracestate: 'ts' } });

    const stored = await platform.tasks.get(task.id);
    expect(stored).toEqual({ ...task, envelope: stored?.envelope });
    expect(task).toMatchObject({ state: 'queued', attempts: 0, owner: 'local', model: 'model_a' });
    expect(task.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    const envelope = await nextEnvelope(platform.queues('model_a'));
    expect(envelope).toMatchObject({
      taskId: task.id,
      owner: 'local',
      contractHash: 'c1',
      deadlineAt: task.deadlineAt,
      trace: { traceparent: 'tp', tracestate: 'ts' },
      requestHash: task.requestHash,
      copy: 0,
    });
    expect(envelope.request).toEqual({ kind: 'inline', bytes: command.request });
    // For its owner, who asks for the request.
    expect(decodeEnvelope(stored?.envelope ?? new Uint8Array())).toEqual(envelope);
  });

  it('keeps no request where a write costs by its size', async () => {
    const platform = createMemoryPlatform();
    Object.assign(platform.tasks, { keepsRequests: undefined });

    const task = await submitTask(platform, command);

    expect(await platform.tasks.get(task.id)).toEqual(task);
  });

  it('accepts nothing when the queue is away', async () => {
    const platform = createMemoryPlatform();
    platform.queues('model_a').reachable = false;

    const submitted = submitTask(platform, command);

    await expect(submitted).rejects.toMatchObject({ code: 'queue_unavailable' });
    expect((await platform.tasks.list({ owner: 'local', limit: 10 })).tasks).toEqual([]);
  });

  it('takes an idempotency key again after a submit that was not accepted', async () => {
    const platform = createMemoryPlatform();
    const queue = platform.queues('model_a');
    queue.reachable = false;
    await submitTask(platform, { ...command, idempotencyKey: 'k' }).catch(() => undefined);
    queue.reachable = true;

    const task = await submitTask(platform, { ...command, idempotencyKey: 'k' });

    expect((await getTask(platform, { id: task.id, owner: 'local' })).state).toBe('queued');
    expect((await nextEnvelope(queue)).taskId).toBe(task.id);
  });

  it('keeps keys of different owners and models apart', async () => {
    const platform = createMemoryPlatform();
    const keyed = { ...command, idempotencyKey: 'k' };

    const ids = await Promise.all([
      submitTask(platform, keyed),
      submitTask(platform, { ...keyed, owner: 'other' }),
      submitTask(platform, { ...keyed, model: 'model_b' }),
    ]);

    expect(new Set(ids.map(({ id }) => id)).size).toBe(3);
  });

  it('refuses a key that was used with another body', async () => {
    const platform = createMemoryPlatform();
    await submitTask(platform, { ...command, idempotencyKey: 'k' });

    const conflicting = submitTask(platform, { ...command, idempotencyKey: 'k', request: Uint8Array.of(9) });

    await expect(conflicting).rejects.toMatchObject({ code: 'idempotency_conflict' });
  });

  it('sends a large request by reference', async () => {
    const platform = createMemoryPlatform();
    const request = new Uint8Array(MAX_INLINE_BYTES + 1).fill(7);

    const task = await submitTask(platform, { ...command, request });

    const envelope = await nextEnvelope(platform.queues('model_a'));
    const key = `requests/${task.id}/${task.requestHash.slice(0, 16)}`;
    expect(envelope.request).toEqual({ kind: 'blob', key, size: request.byteLength });
    expect(await platform.blobs.get(key)).toEqual(request);
  });

  it.each([
    [undefined, 86_400],
    [60, 60],
    [MAX_DEADLINE_SECONDS + 1, MAX_DEADLINE_SECONDS],
  ])('ends the task, asked for %s seconds, after %i, and keeps it for its retention', async (asked, seconds) => {
    const platform = createMemoryPlatform();

    const { createdAt, deadlineAt, retainedUntil } = await submitTask(platform, {
      ...command,
      ...(asked === undefined ? {} : { deadlineSeconds: asked }),
    });

    expect(deadlineAt - createdAt).toBe(seconds * 1000);
    expect(retainedUntil - deadlineAt).toBe(RETENTION_SECONDS * 1000);
  });

  it('leaves the timeout of a run to the model when none is asked for', async () => {
    const platform = createMemoryPlatform();

    await submitTask(platform, command);

    expect(await nextEnvelope(platform.queues('model_a'))).not.toHaveProperty('timeoutSeconds');
  });

  it('caps the timeout of a run at what the model allows', async () => {
    const platform = createMemoryPlatform();

    await submitTask(platform, { ...command, timeoutSeconds: 3600 });

    expect((await nextEnvelope(platform.queues('model_a'))).timeoutSeconds).toBe(60);
  });
});
