import { describe, expect, it } from 'vitest';
import { MAX_INLINE_BYTES, submitTask, type TaskEvent } from '#core';
import { createHandler } from '#lambdas/get-result/handler.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { CONTRACT } from '#test/support/model-b.ts';
import { call, createTestApi, failed, succeeded, type TestApi } from './api-harness.ts';

async function submitted(api: TestApi): Promise<string> {
  await api.wake();
  const request = ModelBRequest.encode({ value: 7 });
  const command = { owner: 'local', model: 'model_b', contract: CONTRACT, request, limits: { timeoutSeconds: 60 } };
  return (await submitTask(api.platform, command)).id;
}

async function ended(api: TestApi, end?: (at: number) => TaskEvent): Promise<string> {
  const id = await submitted(api);
  await api.work(end);
  return id;
}

const result = (api: TestApi, taskId: string, headers: Readonly<Record<string, string>> = {}) =>
  call(createHandler(api), {
    route: '/models/{model}/result',
    params: { model: 'model_b' },
    query: { task_id: taskId },
    headers,
  });

describe('GET /models/{model}/result', () => {
  it('answers with the result and its status', async () => {
    const api = createTestApi();
    const id = await ended(api);

    const { statusCode, headers, json } = await result(api, id);

    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ 'Content-Type': 'application/json', Vary: 'Accept' });
    expect(json).toEqual({ task_id: id, status: 'completed', result: { value: 7, elapsed_seconds: 0 } });
  });

  it.each(['application/x-protobuf', 'application/json;q=0.5, application/*'])(
    "answers with the model's own message to Accept: %s",
    async (accept) => {
      const api = createTestApi();
      const id = await ended(api, (at) => succeeded(at, { value: -1, elapsed_seconds: 2.5 }));

      const { statusCode, headers, body, isBase64Encoded } = await result(api, id, { Accept: accept });

      expect(statusCode).toBe(200);
      expect(headers['Content-Type']).toBe('application/x-protobuf');
      expect(isBase64Encoded).toBe(true);
      expect(ModelBResponse.decode(Buffer.from(body, 'base64'))).toEqual({ value: -1, elapsed_seconds: 2.5 });
    },
  );

  it('finds a result that was too large to be kept with the task', async () => {
    const api = createTestApi();
    const bytes = ModelBResponse.encode({ value: 9 });
    await api.platform.blobs.put('results/1', bytes);
    const payload = { kind: 'blob', key: 'results/1', size: MAX_INLINE_BYTES + 1 } as const;
    const id = await ended(api, (at) => ({
      type: 'succeeded',
      fence: 1,
      attempts: 1,
      startedAt: at,
      at,
      result: { contractHash: CONTRACT.hash, payload },
    }));

    expect((await result(api, id)).json.result).toMatchObject({ value: 9 });
  });

  it('answers 202 with its status while the task has not ended', async () => {
    const api = createTestApi();
    const id = await submitted(api);

    const { statusCode, headers, json } = await result(api, id, { Accept: 'application/x-protobuf' });

    expect(statusCode).toBe(202);
    expect(headers).toMatchObject({ 'Content-Type': 'application/json', 'Retry-After': '1' });
    expect(json).toEqual({ task_id: id, status: 'in_progress' });
  });

  it('waits for the result when it is asked to', async () => {
    const api = createTestApi();
    const id = await submitted(api);

    const answering = result(api, id, { Prefer: 'wait=5' });
    await api.work();

    expect((await answering).json.result).toEqual({ value: 7, elapsed_seconds: 0 });
  });

  it.each([
    ['failed', (at: number) => failed(at, 'attempts_exhausted', 'Every try failed.'), 'attempts-exhausted'],
    ['was canceled', (at: number): TaskEvent => ({ type: 'canceled', at }), 'canceled'],
    [
      'expired',
      (at: number): TaskEvent => ({
        type: 'expired',
        at: at + 100_000_000,
        error: { code: 'deadline_exceeded', message: 'Too late.', retryable: true },
      }),
      'deadline-exceeded',
    ],
  ])('answers with a 422 problem for a task that %s', async (_, end, type) => {
    const api = createTestApi();
    const id = await ended(api, end);

    const { statusCode, headers, json } = await result(api, id);

    expect(statusCode).toBe(422);
    expect(headers['Content-Type']).toBe('application/problem+json');
    expect(json).toMatchObject({
      type: `/problems/${type}`,
      status: 422,
      detail: expect.stringMatching(/^\w.*\.$/),
      instance: '/models/model_b/result',
    });
  });

  it('answers 400 when it is not told which task', async () => {
    const { statusCode, json } = await result(createTestApi(), '');

    expect(statusCode).toBe(400);
    expect(json.detail).toBe('The query parameter task_id is missing.');
  });

  it('answers 404 for a task of another model', async () => {
    const api = createTestApi();
    const id = await ended(api);
    const route = '/models/{model}/result';

    const { statusCode } = await call(createHandler(api), {
      route,
      params: { model: 'model_a' },
      query: { task_id: id },
    });

    expect(statusCode).toBe(404);
  });

  it("answers 404 for somebody else's result", async () => {
    const api = createTestApi();
    const id = await ended(api);
    const params = { model: 'model_b' };

    const { statusCode } = await call(createHandler(api), {
      route: '/models/{model}/result',
      params,
      query: { task_id: id },
      caller: 'eve',
    });

    expect(statusCode).toBe(404);
  });

  it('answers 406 to who wants neither JSON nor protobuf', async () => {
    const { statusCode, json } = await result(createTestApi(), 'x', { Accept: 'text/csv' });

    expect(statusCode).toBe(406);
    expect(json.detail).toContain('application/json or application/x-protobuf');
  });
});
