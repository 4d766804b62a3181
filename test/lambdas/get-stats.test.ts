import { expect, it } from 'vitest';
import { cancelTask, minuteOf } from '#core';
import { createHandler } from '#lambdas/get-stats/handler.ts';
import { createHandler as createSubmit } from '#lambdas/submit-task/handler.ts';
import { call, createTestApi, type TestApi } from './api-harness.ts';

const stats = (api: TestApi, query: Readonly<Record<string, string>> = {}, model = 'model_b') =>
  call(createHandler(api), { route: '/models/{model}/stats', params: { model }, query });

it('tells how tasks ended, also those that no instance ended', async () => {
  const api = createTestApi();
  await api.wake();
  const { platform } = api;
  await platform.stats.add('model_b', minuteOf(platform.clock.now()) - 1, { succeeded: 2, q0: 2, r80: 2 });
  const { json: task } = await call(createSubmit(api), {
    route: '/models/{model}/tasks',
    headers: { 'Content-Type': 'application/json' },
    params: { model: 'model_b' },
    body: '{"value": 7}',
  });
  await cancelTask(platform, { id: String(task.id), owner: 'local' });

  const { statusCode, json } = await stats(api);

  expect(statusCode).toBe(200);
  expect(json).toMatchObject({
    model: 'model_b',
    minutes: 15,
    total: { succeeded: 2, canceled: 1, failed: 0, ended: 3, queue_ms: { p50: 0 }, run_ms: { p50: 981 } },
  });
  const series = json.series as readonly {
    readonly minute: string;
    readonly ended: number;
    readonly run_ms: unknown;
  }[];
  expect(series).toHaveLength(15);
  expect(
    series
      .map(({ ended }) => ended)
      .slice(-3)
      .reduce((sum, ended) => sum + ended),
  ).toBe(3);
  expect(series[0]).toMatchObject({ ended: 0, run_ms: null });
});

it.each([
  [{ minutes: '0' }, 'model_b', 400],
  [{ minutes: '1441' }, 'model_b', 400],
  [{}, 'unknown', 404],
])('refuses %j of %s with %i', async (query, model, status) => {
  const api = createTestApi();
  await api.wake();

  expect((await stats(api, query, model)).statusCode).toBe(status);
});
