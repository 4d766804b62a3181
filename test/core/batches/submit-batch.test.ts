import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BatchCommand,
  type BatchItem,
  type ErrorCode,
  itemTaskId,
  ModelyardError,
  submitBatch,
  type TaskQueue,
  type TaskQuota,
  unavailable,
} from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

const queueAway = unavailable('queue_unavailable', 'The task queue is unavailable.', undefined);
const storeAway = unavailable('store_unavailable', 'The store is unavailable.', undefined);
const request = (i: number): BatchItem => ({ request: Uint8Array.of(i >> 8, i & 255) });
const invalid = (code: ErrorCode = 'invalid_input', message = 'No.'): BatchItem => ({
  error: new ModelyardError(code, message, { errors: [{ pointer: '/value', message }] }),
});
const requests = (count: number) => Array.from({ length: count }, (_, i) => request(i));

/** A platform whose queue takes what the test says, and a quota that remembers. */
function prepare(confirms: (call: number) => boolean = () => true) {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock });
  const queue = platform.queues('model_a');
  let sends = 0;
  const sendMany: TaskQueue['sendMany'] = async (messages) => {
    sends += 1;
    if (!confirms(sends)) return messages.map(() => queueAway);
    for (const message of messages) await queue.send(message);
    return messages.map(() => undefined);
  };
  const send: TaskQueue['send'] = (message) => queue.send(message);
  const deps = {
    ...platform,
    clock,
    queues: () => Object.assign(Object.create(queue), { send, sendMany }) as TaskQueue,
  };
  const entered = new Set<string>();
  const quota: TaskQuota = {
    async enter(ids) {
      const fresh = ids.filter((id) => !entered.has(id));
      for (const id of fresh) entered.add(id);
      return fresh;
    },
    async leave(ids) {
      for (const id of ids) entered.delete(id);
    },
  };
  let reads = 0;
  const submit = (items: readonly BatchItem[], more: Partial<BatchCommand> = {}) =>
    submitBatch(deps, {
      ...{ owner: 'ada', model: 'model_a', contract: { hash: 'c1' }, limits: { timeoutSeconds: 60 } },
      ...{ requestHash: 'r1', deadlineSeconds: 3600, quota, ...more },
      items: async () => {
        reads += 1;
        return items;
      },
    });
  const waiting = async () => (await queue.depth()).visible;
  const counted = () => ({ sends, reads, entered: entered.size });
  return { clock, platform, submit, waiting, counted, quota };
}

const conflict = expect.objectContaining({ code: 'idempotency_conflict' });

describe('a batch', () => {
  it('has the refused items by index, in order, whatever the order of valid and invalid ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), async (valid) => {
        const { submit, waiting, counted } = prepare();

        const { batch, isNew, refused } = await submit(valid.map((is, i) => (is ? request(i) : invalid())));

        const bad = valid.flatMap((is, i) => (is ? [] : [i]));
        expect([batch.total, isNew, [...refused.keys()]]).toEqual([valid.length, true, bad]);
        expect([await waiting(), counted().entered]).toEqual([valid.length - bad.length, valid.length - bad.length]);
      }),
      { numRuns: 30 },
    );
  });

  it('without a key is another one each time, and is not recorded again', async () => {
    const { platform, submit, waiting } = prepare();

    const [first, second] = [await submit(requests(2)), await submit(requests(2))];

    expect(first.batch.id).not.toBe(second.batch.id);
    expect(await waiting()).toBe(4);
    expect(await platform.tasks.batches.get(first.batch.id)).toMatchObject({ isConfirmed: false });
  });

  it('with a key is sent once, and a repeat does not read its items', async () => {
    const { submit, waiting, counted } = prepare();

    const first = await submit([request(1), invalid()], { idempotencyKey: 'k' });
    const again = await submit([request(1), invalid()], { idempotencyKey: 'k' });

    expect([first.isNew, again.isNew]).toEqual([true, false]);
    expect(again.batch).toMatchObject({ id: first.batch.id, isConfirmed: true });
    expect([...again.refused.keys()]).toEqual([1]);
    expect([await waiting(), counted()]).toEqual([1, { sends: 1, reads: 1, entered: 1 }]);
  });

  it.each([[true], [false]])('refuses a used key for another body; the first was confirmed: %s', async (confirmed) => {
    const { submit, waiting, counted } = prepare((call) => confirmed || call > 1);
    const first = submit(requests(2), { idempotencyKey: 'k' });
    if (confirmed) await first;
    else await expect(first).rejects.toBe(queueAway);

    await expect(submit(requests(2), { idempotencyKey: 'k', requestHash: 'r2' })).rejects.toEqual(conflict);

    expect([await waiting(), counted()]).toMatchObject([confirmed ? 2 : 0, { sends: 1, reads: 1 }]);
  });

  it('of two at once with one key and different bodies is one of them, and the other enters nothing', async () => {
    const { submit, waiting, counted } = prepare();

    const ends = await Promise.allSettled([
      submit(requests(2), { idempotencyKey: 'k' }),
      submit(requests(3), { idempotencyKey: 'k', requestHash: 'r2' }),
    ]);

    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(ends[1]).toMatchObject({ reason: conflict });
    expect([await waiting(), counted().entered]).toEqual([2, 2]);
  });

  it('keeps what a refusal says: its code, ten errors and the beginning of long texts', async () => {
    const { submit } = prepare();
    const errors = Array.from({ length: 12 }, (_, i) => ({ pointer: `/${i}`, message: 'x'.repeat(600) }));
    const long = { error: new ModelyardError('invalid_input', 'y'.repeat(600), { errors, retryable: true }) };
    const plain = { error: new ModelyardError('task_not_found', 'Too large.') };
    await submit([request(0), long, plain], { idempotencyKey: 'k' });

    const { refused } = await submit([], { idempotencyKey: 'k' });

    const [first, second] = [...refused.values()];
    expect(first).toMatchObject({ index: 1, error: { code: 'invalid_input', retryable: true } });
    expect([first?.error.message, first?.error.errors.length]).toEqual(['y'.repeat(500), 10]);
    expect(first?.error.errors[9]).toEqual({ pointer: '/9', message: 'x'.repeat(500) });
    expect(second).toMatchObject({ index: 2, error: { message: 'Too large.', retryable: false, errors: [] } });
  });
});

describe('a batch that the queue does not confirm', () => {
  it('tries no more groups after one that failed as a whole', async () => {
    const { submit, waiting, counted } = prepare(() => false);

    await expect(submit(requests(1000), { idempotencyKey: 'k' })).rejects.toBe(queueAway);

    expect([await waiting(), counted()]).toEqual([0, { sends: 2, reads: 1, entered: 0 }]);
  });

  it('has its lost items after the invalid ones, leaves the quota for them only, and a repeat sends them', async () => {
    const { platform, submit, waiting, counted } = prepare((call) => call !== 2);
    const items = [invalid(), ...requests(400), invalid()];

    const { batch, refused } = await submit(items, { idempotencyKey: 'k' });
    const lost = [...refused.keys()].slice(1, -1);
    const stored = await platform.tasks.heads(lost.map((index) => itemTaskId(batch.id, index)));

    expect([batch.isConfirmed, [...refused.keys()].filter((at) => at % 401 === 0), lost.length]).toEqual([
      ...[false, [0, 401], 150],
    ]);
    expect([...refused.keys()].at(-1)).toBe(401);
    expect(lost).toEqual(lost.toSorted((a, b) => a - b));
    expect([new Set(stored), await waiting(), counted().entered]).toEqual([new Set([undefined]), 250, 250]);

    const again = await submit(items, { idempotencyKey: 'k' });

    expect([again.isNew, again.batch.isConfirmed, [...again.refused.keys()]]).toEqual([false, true, [0, 401]]);
    expect([(await waiting()) >= 400, counted().entered]).toEqual([true, 400]);
  });

  it('keeps its place in the quota as long as nobody knows whether its tasks exist', async () => {
    const { platform, submit, counted } = prepare(() => false);
    platform.tasks.heads = () => Promise.reject(storeAway);

    await expect(submit(requests(3))).rejects.toBe(queueAway);

    expect(counted().entered).toBe(3);
  });

  it('enters nothing when it is refused by the quota, or when all its items are invalid', async () => {
    const { submit, waiting, quota, counted } = prepare();
    const full = new ModelyardError('too_many_requests', 'Full.');

    await expect(submit(requests(2), { quota: { ...quota, enter: () => Promise.reject(full) } })).rejects.toBe(full);
    const none = await submit([invalid()], { quota: { ...quota, enter: () => Promise.reject(full) } });

    expect(none.refused.size).toBe(1);
    expect([await waiting(), counted().entered]).toEqual([0, 0]);
  });

  it('needs no quota, and survives one that cannot be left', async () => {
    const { submit, quota } = prepare((call) => call > 2);
    const stuck = { ...quota, leave: () => Promise.reject(storeAway) };

    await expect(submit(requests(1), { quota: stuck })).rejects.toBe(queueAway);
    await expect(submit(requests(1), { quota: undefined })).rejects.toBe(queueAway);
    expect(await submit(requests(1), { quota: undefined })).toMatchObject({ isNew: true });
  });

  it('is rejected when its record cannot be written, with the quota as it was', async () => {
    const { platform, submit, waiting, counted } = prepare();
    platform.tasks.batches.create = () => Promise.reject(storeAway);

    await expect(submit(requests(3))).rejects.toBe(storeAway);

    expect([await waiting(), counted().entered]).toEqual([0, 0]);
  });

  it('is accepted although its confirmation cannot be recorded', async () => {
    const { platform, submit, waiting } = prepare();
    platform.tasks.batches.put = () => Promise.reject(storeAway);

    const { batch } = await submit(requests(3), { idempotencyKey: 'k' });

    expect([batch.isConfirmed, await waiting()]).toEqual([true, 3]);
  });
});
