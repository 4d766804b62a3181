import { describe, expect, it } from 'vitest';
import { submitTask, unavailable } from '#core';
import { createHandler } from '#lambdas/get-task/handler.ts';
import { ModelBRequest } from '#proto/models/model_b.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { CONTRACT } from '#test/support/model-b.ts';
import { aStart } from '#test/support/tasks.ts';
import { call, createTestApi, failed, replacing, type TestApi } from './api-harness.ts';

const UNKNOWN = '0198a000-0000-7000-8000-000000000001';

async function submitted(api: TestApi, more: { readonly owner?: string; readonly deadlineSeconds?: number } = {}) {
  await api.wake();
  const request = ModelBRequest.encode({ value: 7 });
  const limits = { timeoutSeconds: 60 };
  const { id } = await submitTask(api.platform, {
    owner: 'local',
    model: 'model_b',
    contract: CONTRACT,
    request,
    limits,
    ...more,
  });
  return id;
}

const get = (api: TestApi, id: string, headers: Readonly<Record<string, string>> = {}) =>
  call(createHandler(api), { route: '/tasks/{id}', params: { id }, headers });

describe('GET /tasks/{id}', () => {
  it('answers 200 while the task has not ended, and says when to ask again', async () => {
    const api = createTestApi();
    const id = await submitted(api);

    const { statusCode, headers, json } = await get(api, id);

    expect(statusCode).toBe(200);
    expect(headers['Retry-After']).toBe('1');
    expect(json).toMatchObject({ id, state: 'queued', result: null, timings: {} });
  });

  it('knows how long a running task has waited', async () => {
    const clock = new ManualClock();
    const api = createTestApi({ clock });
    const id = await submitted(api);
    await api.platform.tasks.apply(id, { ...aStart, at: clock.now() + 250 });

    const { json } = await get(api, id);

    expect(json).toMatchObject({ state: 'running', attempts: 1, timings: { queued_ms: 250 } });
    expect(json.started_at).toBe(new Date(clock.now() + 250).toISOString());
  });

  it('answers with the result of a task that has ended, and nothing to wait for', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    await api.work();

    const { headers, json } = await get(api, id);

    expect(headers).not.toHaveProperty('Retry-After');
    expect(json).toMatchObject({ state: 'succeeded', result: { value: 7, elapsed_seconds: 0 }, error: null });
  });

  it('answers with the error of a task that failed', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    await api.work((at) => failed(at, 'invalid_input', 'The delay is too long.'));

    const { statusCode, json } = await get(api, id);

    expect(statusCode).toBe(200);
    expect(json.error).toEqual({ code: 'invalid_input', message: 'The delay is too long.', retryable: true });
  });

  it('waits for the end when it is asked to', async () => {
    const api = createTestApi();
    const id = await submitted(api);

    const answering = get(api, id, { PREFER: 'wait=5' });
    await api.work();
    const { headers, json } = await answering;

    expect(json.state).toBe('succeeded');
    expect(headers['Preference-Applied']).toBe('wait=5');
  });

  it('never shows a negative time, whatever the clocks say', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    await api.work((at) => ({ ...failed(at - 60_000), startedAt: at - 30_000 }));

    const { json } = await get(api, id);

    expect(json.timings).toEqual({ queued_ms: 0, run_ms: 0, total_ms: 0 });
  });

  it('shows a task whose deadline has passed as expired', async () => {
    const clock = new ManualClock();
    const api = createTestApi({ clock });
    const id = await submitted(api, { deadlineSeconds: 5 });

    await clock.advance(6000);
    const { json } = await get(api, id);

    expect(json).toMatchObject({ state: 'expired', error: { code: 'deadline_exceeded' } });
  });

  it.each([UNKNOWN, 'x', '../models', ''])('answers 404 for a task that there is not: %j', async (id) => {
    const { statusCode, json } = await get(createTestApi(), id);

    expect(statusCode).toBe(404);
    expect(json.type).toBe('/problems/task-not-found');
  });

  it("answers 404 for somebody else's task, as if it did not exist", async () => {
    const api = createTestApi();
    const id = await submitted(api, { owner: 'ada' });

    const { statusCode, json } = await get(api, id);

    expect(statusCode).toBe(404);
    expect(json).toEqual({ ...(await get(api, UNKNOWN)).json, instance: `/tasks/${id}` });
  });

  it('answers 406 to who wants something else than JSON', async () => {
    const { statusCode } = await get(createTestApi(), UNKNOWN, { Accept: 'application/x-protobuf' });

    expect(statusCode).toBe(406);
  });

  it('answers 503 while the store is away', async () => {
    const away = unavailable('store_unavailable', 'The task store is unavailable.', new Error('table x'));
    const api = createTestApi({
      broken: ({ tasks }) => ({ tasks: replacing(tasks, { get: () => Promise.reject(away) }) }),
    });

    const { statusCode, headers, body } = await get(api, UNKNOWN);

    expect(statusCode).toBe(503);
    expect(headers['Retry-After']).toBe('5');
    expect(body).not.toContain('table x');
  });
});

describe('GET /models/{model}/tasks/{id}', () => {
  const getOf = (api: TestApi, model: string, id: string) =>
    call(createHandler(api), { route: '/models/{model}/tasks/{id}', params: { model, id } });

  it('answers with the task of this model', async () => {
    const api = createTestApi();
    const id = await submitted(api);

    const { statusCode, json } = await getOf(api, 'model_b', id);

    expect(statusCode).toBe(200);
    expect(json).toMatchObject({ id, links: { self: `/tasks/${id}` } });
  });

  it('answers 404 for a task of another model', async () => {
    const api = createTestApi();
    const id = await submitted(api);

    expect((await getOf(api, 'model_a', id)).statusCode).toBe(404);
  });
});

describe('an id that no task can have', () => {
  it.each(['x', 'x'.repeat(2049), '0198a000-0000-7000-8000-00000000000g'])(
    'answers 404 without the store: %#',
    async (id) => {
      const api = createTestApi({
        broken: ({ tasks }) => ({
          tasks: replacing(tasks, { get: () => Promise.reject(unavailable('store_unavailable', 'Away.', undefined)) }),
        }),
      });

      const { statusCode, json } = await get(api, id);

      expect([statusCode, json.type]).toEqual([404, '/problems/task-not-found']);
    },
  );
});
