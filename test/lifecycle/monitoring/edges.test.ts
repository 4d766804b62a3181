import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type JsonObject, type LoggedPrediction, STAGE_MODEL } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { distributionOf } from '#lifecycle/monitoring/describe-column.ts';
import { startDue } from '#lifecycle/monitoring/due.ts';
import { getMetrics } from '#lifecycle/monitoring/metrics.ts';
import { FertilityResponse } from '#proto/models/fertility.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import { orderOf, storeTrainingSet } from '#test/lifecycle/training/support.ts';
import { ask, batchOf, HOUR, MODEL, recordsOf, register, reportOf, storeTasks, WINDOW } from './support.ts';

const lifecycles = useLifecycle();
let lifecycle: Lifecycle;

const log = (...args: Parameters<typeof recordsOf>) =>
  lifecycles.run(lifecycle, 'monitoring', 'log', batchOf(recordsOf(...args)));
const compute = (start_at = WINDOW) =>
  lifecycles.run(lifecycle, 'monitoring', 'compute', { model: MODEL, version: '1', start_at });
const settings = (body: JsonObject) =>
  ask(lifecycle, 'PUT /models/{model}/monitor', { body: { min_predictions: 1, ...body }, role: 'operator' });

beforeEach(async () => {
  lifecycle = await lifecycles.open();
  await register(lifecycle);
});

describe('outcomes', () => {
  it('of any size leave an error that everybody can read', async () => {
    await storeTasks(lifecycle, recordsOf('a', 3));
    await log('a', 3);
    const outcomes = [1e308, -1.7e308, 1.7e308].map((value, at) => ({ task_id: `a-${at}`, value }));

    await ask(lifecycle, 'POST /outcomes', { body: { outcomes } });
    await compute();

    const { performance } = (await reportOf(lifecycle)).windows[0] ?? {};
    expect(performance).toMatchObject({ outcomes: 3, mae: expect.any(Number), rmse: expect.any(Number) });
    expect((await getMetrics(lifecycle)).statusCode).toBe(200);
  });

  it('of stages are of unknown predictions', async () => {
    const records = recordsOf('a', 1);
    await storeTasks(lifecycle, records, { model: STAGE_MODEL });

    const { fields } = await ask(lifecycle, 'POST /outcomes', { body: { outcomes: [{ task_id: 'a-0', value: 1 }] } });

    expect(fields).toMatchObject({ recorded: 0, outcomes: [{ error: { code: 'unknown_prediction' } }] });
  });
});

describe('windows', () => {
  it('that become longer keep every prediction', async () => {
    await settings({ window_seconds: 60 });
    await log('a', 30);
    await settings({ window_seconds: 3600 });
    await log('b', 30, { at: WINDOW + HOUR / 2 });

    await compute();

    const { windows } = await reportOf(lifecycle);
    expect(windows).toMatchObject([{ predictions: 60, end: new Date(WINDOW + HOUR).toISOString() }]);
  });

  it('of numbers stay so when an answer is none', async () => {
    const [first, ...others] = recordsOf('a', 30);
    const response = Buffer.from(FertilityResponse.encode({ next_rate: Number.NaN, model_version: '1' }));
    const odd = { ...(first as LoggedPrediction), response: response.toString('base64') };
    await lifecycles.run(lifecycle, 'monitoring', 'log', batchOf([odd, ...others]));

    await compute();

    const { quality } = (await reportOf(lifecycle)).windows[0] ?? {};
    expect(quality).toMatchObject({ prediction: { type: 'number', rows: 30, missing: 1 } });
  });

  it('of a version with features of any name are judged', async () => {
    const names = ['rate', 'width "mm"', '*', 'a/b', 'c~d'];
    const columns = names.slice(1).map((name, at) => `(t * ${at + 1}) % 7 AS "${name.replaceAll('"', '""')}"`);
    const hash = await storeTrainingSet(
      lifecycle,
      `SELECT 'C' || c AS country, make_timestamp((1980 + t)::bigint, 12, 31, 0, 0, 0.0) AS year_end,
        3 + t / 10 AS rate, 3 + t / 10 AS next_rate, ${columns.join(', ')} FROM range(6) countries(c), range(30) years(t)`,
    );
    await lifecycles.run(lifecycle, 'training', 'train', orderOf(hash, { features: names }));
    await log('a', 40);

    await compute();

    const { quality = {}, drift = [] } = (await reportOf(lifecycle)).windows[0] ?? {};
    expect(Object.keys(quality)).toEqual([...names, 'prediction']);
    expect(quality['*']).toMatchObject({ rows: 40, missing: 40 });
    expect(drift.map(({ feature }) => feature)).toEqual(['prediction', 'rate']);
  });

  it('count many different texts once for a plot', () => {
    const counts = new Map(Array.from({ length: 500 }, (_, at) => [`text ${at}`, 1 + (at % 3)]));
    const values = vi.spyOn(counts, 'values');

    const { labels } = distributionOf({ type: 'category', counts, missing: 0 }) ?? {};

    expect(labels).toHaveLength(20);
    expect(values.mock.calls.length).toBeLessThan(5);
  });

  it('that wait for late predictions do not hold up those of other models', async () => {
    await settings({ window_seconds: 1, grace_seconds: 7 * 86_400 });
    await log('a', 120);
    const other = { ...batchOf(recordsOf('b', 30, { at: WINDOW + HOUR })), model: 'other' };
    await lifecycles.run(lifecycle, 'monitoring', 'log', other);

    await startDue(lifecycle);

    const { visible } = await lifecycle.platform.queues('lifecycle').depth();
    expect(visible).toBeGreaterThan(0);
  });
});
