import { v7 as uuidV7 } from 'uuid';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject, LoggedPrediction } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import {
  ask,
  eventsOf,
  HOUR,
  MODEL,
  openTrained,
  recordsOf,
  reportOf,
  stagesOf,
  storeTasks,
  WINDOW,
} from './support.ts';

const lifecycles = useLifecycle();
let lifecycle: Lifecycle;

const { log, compute } = stagesOf(lifecycles, () => lifecycle);

beforeEach(async () => {
  lifecycle = await openTrained(lifecycles);
});

describe('outcomes', () => {
  const outcomes = async (list: readonly JsonObject[], owner = 'someone') =>
    (await ask(lifecycle, 'POST /outcomes', { body: { outcomes: list }, owner })).fields;

  it('that come late change the error of their window and nothing else', async () => {
    const [early, late] = [recordsOf('a', 40, { rate: 12 }), recordsOf('b', 40, { rate: 12, at: WINDOW + HOUR })];
    await storeTasks(lifecycle, [...early, ...late]);
    await log([...early, ...late]);
    await compute();
    await compute(WINDOW + HOUR);
    const before = await reportOf(lifecycle);

    const answer = await outcomes([
      { task_id: 'a-0', value: 12 },
      { task_id: 'a-1', value: 12 },
    ]);
    await compute();
    await compute(WINDOW + HOUR);

    expect(answer).toMatchObject({ recorded: 2, refused: 0 });
    const after = await reportOf(lifecycle);
    const { performance, computed_at: _, ...rest } = after.windows[1] ?? {};
    expect(performance).toMatchObject({ outcomes: 2, bias: expect.closeTo(-0.05, 9), mae: expect.closeTo(0.05, 9) });
    expect(before.windows[1]).toMatchObject(rest);
    expect(after.windows[0]).toEqual(before.windows[0]);
    expect(await eventsOf(lifecycle, 'drift.detected')).toHaveLength(4);
  });

  it('are answered one by one: duplicates, unknown ids and others are counted with an error each', async () => {
    await storeTasks(lifecycle, recordsOf('a', 3));
    await storeTasks(lifecycle, recordsOf('b', 1, { owner: 'another' }));

    const answer = await outcomes([
      { task_id: 'a-0', value: 1 },
      { task_id: 'a-0', value: 1 },
      { task_id: 'nobody', value: 1 },
      { task_id: 'b-0', value: 1 },
      { task_id: 'a-1' },
      { task_id: 'a-2', value: 'high' },
      { task_id: 'a-2', value: 'x'.repeat(1001) },
    ]);
    const again = await outcomes([
      { task_id: 'a-0', value: 2 },
      { task_id: 'a-2', value: 2 },
    ]);

    const codes = (answer.outcomes as readonly JsonObject[]).map(
      ({ error }) => (error as JsonObject | undefined)?.code,
    );
    expect(codes).toEqual([
      undefined,
      'duplicate_outcome',
      'unknown_prediction',
      'unknown_prediction',
      'invalid_outcome',
      'invalid_outcome',
      'invalid_outcome',
    ]);
    expect([answer.recorded, answer.refused, again.recorded, again.refused]).toEqual([1, 6, 1, 1]);
    expect((await reportOf(lifecycle)).outcomes).toEqual({
      recorded: 2,
      refused: { duplicate_outcome: 2, unknown_prediction: 2, invalid_outcome: 3 },
    });
  });

  it('of predictions whose tasks are gone are found in the log', async () => {
    await log(recordsOf('a', 3));

    const found = await lifecycles.run(lifecycle, 'monitoring', 'find', { ids: ['a-1', 'none'], owner: 'someone' });
    const hidden = await lifecycles.run(lifecycle, 'monitoring', 'find', { ids: ['a-1'], owner: 'another' });

    expect(found).toEqual({ predictions: [['a-1', WINDOW + 1000, MODEL, true]] });
    expect(hidden).toEqual({ predictions: [] });
  });

  it('of ids that name a time are looked for in the log of that time', async () => {
    const [id, other] = [WINDOW, WINDOW + 24 * HOUR].map((msecs) => uuidV7({ msecs })) as [string, string];
    const [record, later] = recordsOf('a', 2) as [LoggedPrediction, LoggedPrediction];
    await log([{ ...record, id }]);
    await log([{ ...later, id: other, at: WINDOW + 24 * HOUR }]);
    const { query } = await lifecycle.stores.database<{ batches: { artifact: string; last_at: number } }>(
      'monitoring',
      {},
    );
    const newest = await query.selectFrom('batches').selectAll().orderBy('last_at', 'desc').executeTakeFirstOrThrow();
    await lifecycle.stores.artifacts.delete(newest.artifact);

    const { predictions } = await lifecycles.run(lifecycle, 'monitoring', 'find', { ids: [id] });

    expect(predictions).toEqual([[id, WINDOW, MODEL, true]]);
    await expect(lifecycles.run(lifecycle, 'monitoring', 'find', { ids: [id, 'a-1'] })).rejects.toThrow();
  });

  it('of texts that cannot be ids are of unknown predictions', async () => {
    await log(recordsOf('a', 1));
    const texts = ['a\0b', "a') OR ('' = '", '\ud800', 'a'.repeat(100_000)];

    const answer = await outcomes(texts.map((task_id) => ({ task_id, value: 1 })));

    expect(answer).toMatchObject({ recorded: 0, refused: texts.length });
  });

  it('are refused as a whole when they are no list, or not alone', async () => {
    for (const body of [
      {},
      { outcomes: [] },
      { outcomes: 'all' },
      { outcomes: Array(1001).fill({}) },
      { outcomes: [{ task_id: 'a', value: 1 }], model: 'rates' },
    ] as JsonObject[]) {
      await expect(ask(lifecycle, 'POST /outcomes', { body })).rejects.toMatchObject({ code: 'invalid_input' });
    }
  });
});
