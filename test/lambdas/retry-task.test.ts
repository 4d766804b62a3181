import { describe, expect, it } from 'vitest';
import { encodeEnvelope, MAX_REDRIVEN, type Principal, type Task, type TaskEvent } from '#core';
import { createHandler as createHistory } from '#lambdas/get-task/handler.ts';
import { createHandler as createDeadLetters } from '#lambdas/manage-dead-letters/handler.ts';
import { createHandler } from '#lambdas/retry-task/handler.ts';
import { call, createTestApi, stored, submitted, succeeded, type TestApi } from './api-harness.ts';

const ERROR = { code: 'model_error', message: 'It broke.', retryable: true };

/** Takes the task from its queue and ends it as failed, by the worker or as a dead letter. */
async function failedTask(api: TestApi, how: 'failed' | 'gave-up' = 'failed'): Promise<string> {
  const id = await submitted(api);
  const envelope = encodeEnvelope(await api.nextEnvelope());
  const at = api.platform.clock.now();
  await api.platform.tasks.apply(
    id,
    how === 'failed'
      ? { type: 'failed', fence: 1, attempts: 1, startedAt: at, at, error: ERROR, envelope, instance: 'i-1' }
      : { type: 'gave-up', attempts: 3, at, error: ERROR, envelope },
  );
  return id;
}

const retry = (api: TestApi, id: string, caller?: string) =>
  call(createHandler(api), { route: '/tasks/{id}/retry', params: { id }, ...(caller === undefined ? {} : { caller }) });

const history = (api: TestApi, id: string) =>
  call(createHistory(api), { route: '/tasks/{id}/history', params: { id } });

const request = (api: TestApi, id: string, caller?: string | Principal) =>
  call(createHistory(api), {
    route: '/tasks/{id}/history',
    params: { id },
    query: { request: 'true' },
    ...(caller === undefined ? {} : { caller }),
  });

const redrive = (api: TestApi, body = '{}') =>
  call(createDeadLetters(api), {
    route: '/models/{model}/dead-letters/redrive',
    params: { model: 'model_b' },
    headers: { 'Content-Type': 'application/json' },
    body,
  });

describe('POST /tasks/{id}/retry', () => {
  it('queues a failed task again, under its id and with as much time as it had', async () => {
    const api = createTestApi();
    const id = await failedTask(api);

    const { statusCode, json } = await retry(api, id);

    expect(statusCode).toBe(202);
    expect(json).toMatchObject({ id, state: 'queued', error: null, attempts: 0, started_at: null });
    const envelope = await api.nextEnvelope();
    expect(envelope).toMatchObject({ taskId: id, round: 1, copy: 0 });
    expect(envelope.deadlineAt - envelope.submittedAt).toBe(24 * 3_600_000);
  });

  it('tells the whole history, with who did what', async () => {
    const api = createTestApi();
    const id = await failedTask(api);
    await retry(api, id);
    await api.work((at) => ({ ...succeeded(at), round: 1, instance: 'i-2' }) as ReturnType<typeof succeeded>);

    const { json } = await history(api, id);

    expect(json).toMatchObject({
      task_id: id,
      events: [
        { event: 'submitted', by: 'local' },
        {
          event: 'attempt',
          attempt: 1,
          instance: 'i-1',
          outcome: 'failed',
          error: ERROR,
          ended_at: expect.any(String),
        },
        { event: 'retried', by: 'local' },
        { event: 'attempt', attempt: 1, instance: 'i-2', outcome: 'succeeded', error: null },
      ],
    });
  });

  it.each([
    ['queued', async () => undefined],
    ['succeeded', async (api: TestApi) => void (await api.work((at) => succeeded(at)))],
  ])('refuses a %s task', async (state, prepare: (api: TestApi) => Promise<void>) => {
    const api = createTestApi();
    const id = await submitted(api);
    await prepare(api);

    const { statusCode, json } = await retry(api, id);

    expect([statusCode, json.type]).toEqual([409, '/problems/task-not-retryable']);
    expect((await stored(api, id)).state).toBe(state);
  });

  it('answers 404 for a task of somebody else', async () => {
    const api = createTestApi();
    const id = await failedTask(api);

    expect((await retry(api, id, 'eve')).statusCode).toBe(404);
    expect((await stored(api, id)).state).toBe('failed');
  });

  it('leaves a task that cannot be queued as one that can be retried', async () => {
    const api = createTestApi();
    const id = await failedTask(api);
    const queue = api.platform.queues('model_b');
    queue.reachable = false;
    expect((await retry(api, id)).statusCode).toBe(503);
    queue.reachable = true;

    expect((await stored(api, id)) satisfies Task).toMatchObject({ state: 'failed', round: 1 });
    expect((await retry(api, id)).statusCode).toBe(202);
    expect((await api.nextEnvelope()).round).toBe(2);
  });
});

describe('GET /tasks/{id}/history?request=true', () => {
  it.each(['failed', 'gave-up'] as const)('answers with the request of a task that %s', async (how) => {
    const api = createTestApi();
    const id = await failedTask(api, how);

    expect(await request(api, id)).toMatchObject({ statusCode: 200, json: { task_id: id, request: { value: 7 } } });
  });

  it('answers with the request of a task that succeeded, where the store has it', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    const envelope = encodeEnvelope(await api.nextEnvelope());
    await api.platform.tasks.apply(id, { ...succeeded(api.platform.clock.now()), envelope } as TaskEvent);

    expect(await request(api, id)).toMatchObject({ statusCode: 200, json: { task_id: id, request: { value: 7 } } });
  });

  it('answers with the request of a task that waits, that was canceled and that has ended', async () => {
    const api = createTestApi();
    const { tasks, clock } = api.platform;
    const id = await submitted(api);
    const waiting = await request(api, id);
    await api.work();
    const ended = await request(api, id);
    const canceled = await submitted(api);
    await tasks.apply(canceled, { type: 'canceled', at: clock.now() });

    const kept = { statusCode: 200, json: { request: { value: 7 } } };
    expect([waiting, ended, await request(api, canceled)]).toMatchObject([kept, kept, kept]);
    expect((await history(api, id)).json).not.toHaveProperty('request');
  });

  it('has none of a task that waits where a write costs by its size', async () => {
    const api = createTestApi();
    Object.assign(api.platform.tasks, { keepsRequests: undefined });

    expect(await request(api, await submitted(api))).toMatchObject({ statusCode: 200, json: { request: null } });
  });

  it.each([
    ['somebody else', 'eve'],
    ['an admin', { id: 'root', name: 'root', role: 'admin' } as const],
  ])('does not tell %s that there is one', async (_, caller) => {
    const api = createTestApi();
    const id = await failedTask(api);

    expect((await request(api, id, caller)).json.type).toBe('/problems/task-not-found');
  });

  it('is gone with the task', async () => {
    const api = createTestApi();
    const id = await failedTask(api);
    await api.platform.tasks.erase(await stored(api, id));

    expect((await request(api, id)).json.type).toBe('/problems/task-not-found');
  });
});

const UNKNOWN = '00000000-0000-7000-8000-000000000000';

describe('/models/{model}/dead-letters', () => {
  it('are listed, and shown with their request', async () => {
    const api = createTestApi();
    const id = await failedTask(api, 'gave-up');
    const params = { model: 'model_b' };

    const { json: page } = await call(createDeadLetters(api), { route: '/models/{model}/dead-letters', params });
    const { json: one } = await call(createDeadLetters(api), {
      route: '/models/{model}/dead-letters/{id}',
      params: { ...params, id },
    });

    expect(page).toMatchObject({ dead_letters: [{ id, owner: 'local', error: ERROR }], next_cursor: null });
    expect(one).toMatchObject({ id, request: { value: 7 }, history: [{}, { event: 'gave_up', error: ERROR }] });
  });

  it('are sent again all at once, or some of them', async () => {
    const api = createTestApi();
    const ids = [await failedTask(api, 'gave-up'), await failedTask(api, 'gave-up'), await failedTask(api, 'gave-up')];

    const { statusCode, json: some } = await redrive(api, JSON.stringify({ ids: [ids[0], UNKNOWN] }));
    const { json: rest } = await redrive(api);

    expect(statusCode).toBe(202);
    expect(some).toEqual({
      redriven: [ids[0]],
      refused: [{ id: UNKNOWN, error: { code: 'task_not_found', message: 'The model has no such dead letter.' } }],
    });
    expect((rest.redriven as string[]).toSorted()).toEqual(ids.slice(1).toSorted());
    expect(await api.platform.tasks.countDeadLetters('model_b')).toBe(0);
    expect((await stored(api, ids[0])).history?.at(-1)).toMatchObject({ event: 'redriven', by: 'local' });
  });

  it('are sent again once when they are named twice', async () => {
    const api = createTestApi();
    const id = await failedTask(api, 'gave-up');

    expect((await redrive(api, JSON.stringify({ ids: [id, id] }))).json).toEqual({ redriven: [id], refused: [] });
  });

  it('takes as many ids as one call redrives, and no more', async () => {
    const api = createTestApi();
    await api.wake();
    const ids = (count: number) => JSON.stringify({ ids: Array.from({ length: count }, () => UNKNOWN) }, null, 8);

    expect((await redrive(api, ids(MAX_REDRIVEN))).statusCode).toBe(202);
    expect((await redrive(api, ids(MAX_REDRIVEN + 1))).statusCode).toBe(422);
  });

  it('refuses a list that is none', async () => {
    const api = createTestApi();
    await api.wake();

    expect((await redrive(api, '{"ids": "all"}')).statusCode).toBe(422);
  });
});
