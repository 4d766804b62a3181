import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { startDue } from '#lifecycle/monitoring/due.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import { orderOf, storeTrainingSet } from '#test/lifecycle/training/support.ts';
import { ask, batchOf, eventsOf, HOUR, MODEL, openTrained, recordsOf, reportOf, stagesOf, WINDOW } from './support.ts';

const lifecycles = useLifecycle();
let lifecycle: Lifecycle;

const { log, compute, windowAt } = stagesOf(lifecycles, () => lifecycle);

beforeEach(async () => {
  lifecycle = await openTrained(lifecycles);
});

describe('a window', () => {
  it('is compared with the training data of its own version: a retrained one does not drift where the one before does', async () => {
    // Rates from 15 to 20, which version 1 has never seen.
    const later = await storeTrainingSet(
      lifecycle,
      `SELECT 'C' || c AS country, make_timestamp((1980 + t)::bigint, 12, 31, 0, 0, 0.0) AS year_end,
        15 + (t * 6 + c) % 50 / 10 AS rate, -0.1 + (t * 6 + c) % 3 / 100 AS change_1y,
        14.9 + (t * 6 + c) % 50 / 10 AS next_rate
      FROM range(6) countries(c), range(30) years(t)`,
    );
    await lifecycles.run(lifecycle, 'training', 'train', orderOf(later));
    for (const version of ['1', '2']) await log(recordsOf(`v${version}`, 200, { rate: 15, version }));

    await compute(WINDOW, '1');
    await compute(WINDOW, '2');

    const { windows } = await reportOf(lifecycle);
    const rateOf = (version: string) =>
      windows.find((window) => window.version === version)?.drift.find(({ feature }) => feature === 'rate');
    expect(rateOf('1')).toMatchObject({ drifted: true });
    expect(rateOf('2')).toMatchObject({ drifted: false });
  });

  it('whose stage was given up is judged by another one a day later', async () => {
    await log(recordsOf('a', 2), { closed: true });
    const started = async () =>
      (await lifecycle.platform.tasks.list({ owner: 'prediction-log', limit: 100 })).tasks.length;

    await startDue(lifecycle);
    await startDue(lifecycle);
    expect(await started()).toBe(1);
    const now = lifecycle.platform.clock.now() + 24 * HOUR;
    const clock = { ...lifecycle.platform.clock, now: () => now };
    await startDue({ ...lifecycle, platform: { ...lifecycle.platform, clock } });

    expect(await started()).toBe(2);
  });

  it('is open until it is judged, and reports drift of features and of the prediction once', async () => {
    await log(recordsOf('a', 200, { rate: 12 }));
    const open = await windowAt();

    await compute();
    await compute();

    expect(open).toMatchObject({ state: 'open', predictions: 200, drift: [], computed_at: null });
    const judged = await windowAt();
    expect(judged).toMatchObject({ state: 'closed', predictions: 200, drifted: true });
    expect(judged?.drift.map(({ feature, drifted }) => [feature, drifted])).toEqual([
      ['change_1y', false],
      ['prediction', true],
      ['rate', true],
    ]);
    expect(judged?.quality.rate).toMatchObject({ type: 'number', rows: 200, missing: 0, unseen: 200 });
    const reported = await eventsOf(lifecycle, 'drift.detected');
    expect(reported.map(({ feature }) => feature).toSorted()).toEqual(['prediction', 'rate']);
    expect(reported[0]).toMatchObject({
      ...{ model: MODEL, version: '1', statistic: 'ks', threshold: 0.05, shadow: false },
      window: { start: new Date(WINDOW).toISOString(), end: new Date(WINDOW + HOUR).toISOString() },
    });
    expect(await eventsOf(lifecycle, 'window.computed')).toHaveLength(1);
  });

  it('without drift reports that it is good', async () => {
    await log(recordsOf('a', 50, { rate: 4.5 }));

    await compute();

    expect(await eventsOf(lifecycle, 'drift.detected')).toEqual([]);
    expect(await eventsOf(lifecycle, 'window.computed')).toEqual([
      expect.objectContaining({ drifted: [], predictions: 50, tested: expect.arrayContaining(['rate']) }),
    ]);
  });

  it('with few predictions is not tested', async () => {
    await log(recordsOf('a', 29, { rate: 12 }));

    await compute();

    expect(await windowAt()).toMatchObject({ state: 'closed', drift: [], drifted: false });
  });

  it('counts a prediction once that was logged twice, and a batch once that came twice', async () => {
    const run = { taskId: 'same', attempt: 1, owner: 'someone', signal: new AbortController().signal };
    const records = recordsOf('a', 40, { rate: 4 });
    await lifecycle.perform('monitoring.log', batchOf(records), run);
    await lifecycle.perform('monitoring.log', batchOf(records), run);
    const before = await windowAt();

    await log(records);
    await compute();

    expect(before?.predictions).toBe(40);
    expect((await windowAt())?.predictions).toBe(40);
  });

  it('is computed again for late predictions, and reports only what is new', async () => {
    await log(recordsOf('a', 40, { rate: 12 }));
    await compute();

    await log(recordsOf('late', 10, { rate: 12 }));
    await compute();

    expect((await windowAt())?.predictions).toBe(50);
    expect(await eventsOf(lifecycle, 'drift.detected')).toHaveLength(2);
    expect((await eventsOf(lifecycle, 'window.computed')).map(({ revision }) => revision)).toEqual([1, 2]);
  });

  it('has its own length, tests and thresholds by the settings of its model', async () => {
    const body = { window_seconds: 60, min_predictions: 1, tests: { rate: { statistic: 'psi', threshold: 1000 } } };
    await ask(lifecycle, 'PUT /models/{model}/monitor', { body, role: 'operator' });
    await log(recordsOf('a', 90, { rate: 12 }));

    await compute();

    const first = await windowAt();
    expect(first).toMatchObject({ predictions: 60, end: new Date(WINDOW + 60_000).toISOString() });
    expect(first?.drift.find(({ feature }) => feature === 'rate')).toMatchObject({
      statistic: 'psi',
      drifted: false,
      p_value: null,
    });
    for (const wrong of [
      { window_seconds: 0 },
      { tests: { rate: { statistic: 'none' } } },
      { other: 1 },
    ] as JsonObject[]) {
      await expect(ask(lifecycle, 'PUT /models/{model}/monitor', { body: wrong })).rejects.toMatchObject({
        code: 'invalid_input',
      });
    }
  });

  it('of answers that callers did not get is marked', async () => {
    await log(recordsOf('a', 40, { version: '2', shadow: true }));

    await compute(WINDOW, '2');

    expect(await windowAt()).toMatchObject({ version: '2', shadow: true, predictions: 40, drift: [] });
  });
});
