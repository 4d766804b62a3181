import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Batch,
  countBatch,
  countsOfNew,
  decodeBatch,
  encodeBatch,
  getBatch,
  isComplete,
  itemTaskId,
  ModelyardError,
  readItems,
  submitBatch,
} from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const NONE = { queued: 0, running: 0, succeeded: 0, failed: 0, canceled: 0, expired: 0, refused: 0 };
const WEEK_MS = 7 * 86_400_000;

/** A batch of three tasks and two invalid items. */
async function aBatch() {
  const clock = new ManualClock();
  const deps = createMemoryPlatform({ clock });
  const bad = { error: new ModelyardError('invalid_input', 'No.') };
  const good = { request: Uint8Array.of(1) };
  const { batch } = await submitBatch(deps, {
    ...{ owner: 'ada', model: 'model_a', contract: { hash: 'c1' }, limits: { timeoutSeconds: 60 } },
    ...{ requestHash: 'r1', deadlineSeconds: 3600, items: async () => [good, bad, good, good, bad] },
  });
  return { clock, deps, batch };
}

async function indexesOf(items: AsyncIterable<{ readonly index: number }>): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const { index } of items) found.push(index);
  return found;
}

describe('a batch', () => {
  it('is found by its owner until it may be deleted', async () => {
    const { clock, deps, batch } = await aBatch();
    const stored = { ...batch, retainedUntil: clock.now() + 1000 };
    deps.tasks.batches.get = async (id) => (id === batch.id ? stored : undefined);

    expect(await getBatch(deps, { id: batch.id, owner: 'ada' })).toBe(stored);
    await expect(getBatch(deps, { id: batch.id, owner: 'eve' })).rejects.toMatchObject({ code: 'batch_not_found' });
    await expect(getBatch(deps, { id: 'x', owner: 'ada' })).rejects.toMatchObject({ code: 'batch_not_found' });
    await clock.advance(1000);
    await expect(getBatch(deps, { id: batch.id, owner: 'ada' })).rejects.toMatchObject({ code: 'batch_not_found' });
  });

  it('counts its items by state, as readers of the tasks would see them', async () => {
    const { clock, deps, batch } = await aBatch();
    await deps.tasks.apply(itemTaskId(batch.id, 0), { type: 'canceled', at: clock.now() });
    const early = await countBatch(deps, batch);
    await clock.advance(3_599_999);
    const last = await countBatch(deps, batch);
    await clock.advance(1);

    const late = await countBatch(deps, batch);

    expect(early).toEqual({ ...NONE, queued: 2, canceled: 1, refused: 2 });
    expect(last).toEqual(early);
    expect(late).toEqual({ ...NONE, expired: 2, canceled: 1, refused: 2 });
    expect([early, late].map(isComplete)).toEqual([false, true]);
  });

  it('is complete when nothing waits and nothing runs', () => {
    expect([NONE, { ...NONE, running: 1 }, { ...NONE, queued: 1, running: 1 }].map(isComplete)).toEqual([
      true,
      false,
      false,
    ]);
    expect(countsOfNew(5, 2)).toEqual({ ...NONE, queued: 3, refused: 2 });
  });

  it('has its items in order from any index, and none behind its last one', async () => {
    const { deps, batch } = await aBatch();

    const pages = await Promise.all([0, 3, 5, 9].map((from) => indexesOf(readItems(deps, batch, from))));

    expect(pages).toEqual([[0, 1, 2, 3, 4], [3, 4], [], []]);
  });

  it('shows the task of an item, why it was refused, or that it was lost', async () => {
    const { clock, deps, batch } = await aBatch();
    await deps.tasks.withdraw((await deps.tasks.get(itemTaskId(batch.id, 0))) ?? aFreshTask());
    await clock.advance(3_600_000);
    const shown: unknown[] = [];

    for await (const item of readItems(deps, batch)) shown.push('task' in item ? item.task.state : item.error);

    expect(shown).toMatchObject([
      { code: 'queue_unavailable', retryable: true },
      { code: 'invalid_input', retryable: false },
      'expired',
      'expired',
      { code: 'invalid_input' },
    ]);
  });

  it('has the task that a repeat has stored for an item that was lost before', async () => {
    const { clock, deps, batch } = await aBatch();
    const lost = { index: 0, code: 'queue_unavailable', message: 'Lost.', retryable: true };
    const bytes = Buffer.from(JSON.stringify([lost, { ...lost, index: 7 }]));
    const items = readItems(deps, { ...batch, total: 8, refusals: { kind: 'inline', bytes } });

    const shown: unknown[] = [];
    for await (const item of items) shown.push('task' in item ? item.task.state : item.error.message);

    expect(clock.now()).toBeLessThan(batch.retainedUntil - WEEK_MS + 1);
    expect([shown[0], shown[7]]).toEqual(['queued', 'Lost.']);
  });
});

it('a batch is the same after it was stored as text', () => {
  const payload = fc.option(
    fc.oneof(
      fc.record({ kind: fc.constant('inline' as const), bytes: fc.string().map((text) => Buffer.from(text)) }),
      fc.record({ kind: fc.constant('blob' as const), key: fc.string(), size: fc.nat() }),
    ),
    { nil: undefined },
  );
  const rest = fc.record({
    ...{ id: fc.uuid(), model: fc.string(), owner: fc.string(), requestHash: fc.string() },
    ...{ createdAt: fc.nat(), retainedUntil: fc.nat(), total: fc.nat(1000), isConfirmed: fc.boolean() },
  });
  fc.assert(
    fc.property(rest, payload, (fields, refusals) => {
      const batch: Batch = { ...fields, ...(refusals ? { refusals } : {}) };

      expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
    }),
  );
});
