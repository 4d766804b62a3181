import { describe, expect, it } from 'vitest';
import { createHandler } from '#lambdas/get-metrics/handler.ts';
import { createHandler as createSubmit } from '#lambdas/submit-task/handler.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { call, createTestApi, replacing, type TestApi } from './api-harness.ts';

const submit = (api: TestApi) =>
  call(createSubmit(api), { route: '/models/{model}/tasks', params: { model: 'model_b' }, body: '{"value": 1}' });

/** Reads one sample of model_b, as often as it is called, from one handler. */
function scraperOf(api: TestApi) {
  const handler = createHandler(api);
  return async (metric: string): Promise<number | undefined> => {
    const { body } = await call(handler, { route: '/metrics' });
    const value = new RegExp(`^modelyard_model_${metric}{model="model_b"} (\\S+)$`, 'm').exec(body)?.[1];
    return value === undefined ? undefined : Number(value);
  };
}

const gaveUp = (at: number) =>
  ({
    type: 'gave-up',
    attempts: 3,
    at,
    error: { code: 'attempts_exhausted', message: 'It died.', retryable: true },
    envelope: Uint8Array.of(1),
  }) as const;

describe('the gauge of dead letters', () => {
  it('counts tasks that were given up after they have left the queue of dead letters', async () => {
    const api = createTestApi();
    await api.wake();
    await submit(api);
    await submit(api);

    await api.work(gaveUp);
    const scrape = scraperOf(api);

    expect(await scrape('dead_letters')).toBe(1);
  });

  it('is absent, and nothing else is, while they cannot be counted', async () => {
    const api = createTestApi({
      broken: ({ tasks }) => ({
        tasks: replacing(tasks, { countDeadLetters: () => Promise.reject(new Error('Away.')) }),
      }),
    });
    await api.wake();
    const scrape = scraperOf(api);

    expect(await scrape('dead_letters')).toBeUndefined();
    expect(await scrape('tasks_visible')).toBe(0);
  });

  it('costs one read in a while, however often it is scraped', async () => {
    let reads = 0;
    const api = createTestApi({
      clock: new ManualClock(),
      broken: ({ tasks }) => ({ tasks: replacing(tasks, { countDeadLetters: async () => ++reads }) }),
    });
    await api.wake();
    const scrape = scraperOf(api);

    for (let i = 0; i < 20; i++) await scrape('dead_letters');

    expect(reads).toBe(1);
  });
});

describe('the age of the oldest task', () => {
  it('grows while tasks wait for a model that nobody serves, and is zero when there is none', async () => {
    const clock = new ManualClock();
    const api = createTestApi({ clock });
    await api.doze();
    const scrape = scraperOf(api);

    const empty = await scrape('oldest_task_age_seconds');
    await submit(api);
    await clock.advance(6000);
    const first = await scrape('oldest_task_age_seconds');
    await clock.advance(60_000);
    const later = await scrape('oldest_task_age_seconds');
    await api.work();
    await clock.advance(6000);
    const done = await scrape('oldest_task_age_seconds');

    expect([empty, first, later, done]).toEqual([0, 0, 60, 0]);
  });

  it('is unknown while somebody serves tasks but has told of none', async () => {
    const api = createTestApi();
    await api.wake();
    await submit(api);
    const scrape = scraperOf(api);

    expect(await scrape('oldest_task_age_seconds')).toBeUndefined();
  });
});
