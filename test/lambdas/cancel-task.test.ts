import { describe, expect, it } from 'vitest';
import { createHandler } from '#lambdas/cancel-task/handler.ts';
import { call, createTestApi, stored, submitted, succeeded, type TestApi } from './api-harness.ts';

const cancel = (api: TestApi, id: string, caller?: string) =>
  call(createHandler(api), {
    route: '/tasks/{id}/cancel',
    params: { id },
    ...(caller === undefined ? {} : { caller }),
  });

describe('POST /tasks/{id}/cancel', () => {
  it('ends a queued task and answers with it', async () => {
    const api = createTestApi();
    const id = await submitted(api);

    const { statusCode, json } = await cancel(api, id);

    expect(statusCode).toBe(202);
    expect(json).toMatchObject({
      id,
      state: 'canceled',
      ended_at: expect.any(String),
      links: { self: `/tasks/${id}` },
    });
    expect(await stored(api, id)).toMatchObject({ state: 'canceled' });
  });

  it('refuses a task that has ended, and leaves its result', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    await api.work((at) => succeeded(at));

    const { statusCode, json } = await cancel(api, id);

    expect(statusCode).toBe(409);
    expect(json).toMatchObject({ type: '/problems/task-ended', detail: 'The task has ended: it is succeeded.' });
    expect(await stored(api, id)).toMatchObject({ state: 'succeeded' });
  });

  it('tells instances again when a cancel is repeated, because the first may have failed half-way', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    await cancel(api, id);
    const { cancels } = api.platform.tasks;
    const first = await cancels.get('model_b');

    const { statusCode } = await cancel(api, id);

    expect(statusCode).toBe(409);
    expect(await cancels.get('model_b')).not.toBe(first);
  });

  it.each([
    ['of somebody else', (id: string) => id, 'eve'],
    ['that does not exist', () => '0198a000-0000-7000-8000-000000000001', undefined],
    ['whose id is none', () => 'canceled:model_b', undefined],
  ])('answers 404 for a task %s', async (_, idFrom, caller) => {
    const api = createTestApi();
    const id = await submitted(api);

    const { statusCode } = await cancel(api, idFrom(id), caller);

    expect(statusCode).toBe(404);
    expect(await stored(api, id)).toMatchObject({ state: 'queued' });
  });
});
