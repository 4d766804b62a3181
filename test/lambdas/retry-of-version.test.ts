import { expect, it } from 'vitest';
import { createHandler as createDeadLetters } from '#lambdas/manage-dead-letters/handler.ts';
import { createHandler as createRetry } from '#lambdas/retry-task/handler.ts';
import { createHandler as createSubmit } from '#lambdas/submit-task/handler.ts';
import { registerModelB } from '#test/support/model-b.ts';
import { call, createTestApi, stored } from './api-harness.ts';

const headers = { 'Content-Type': 'application/json' };
const params = { model: 'model_b@2' };

/** A task of the second contract version of a model that was given up. */
async function givenUp() {
  const api = createTestApi();
  await registerModelB(api.platform, { name: 'model_b_v2' });
  const route = '/models/{model}/tasks';
  const { json } = await call(createSubmit(api), { route, params, headers, body: '{"value": 7}' });
  const id = String((json as { id: string }).id);
  const { envelope = new Uint8Array() } = await stored(api, id);
  const error = { code: 'timeout', message: 'It took too long.', retryable: true };
  await api.platform.tasks.apply(id, { type: 'gave-up', attempts: 3, at: api.platform.clock.now(), error, envelope });
  return { api, id };
}

it('a task of a contract version is retried', async () => {
  const { api, id } = await givenUp();

  const { statusCode, json } = await call(createRetry(api), { route: '/tasks/{id}/retry', params: { id } });

  expect(statusCode).toBe(202);
  expect(json).toMatchObject({ id, model: 'model_b@2', state: 'queued' });
});

it('dead letters of a contract version are redriven', async () => {
  const { api, id } = await givenUp();

  const route = '/models/{model}/dead-letters/redrive';
  const { statusCode, json } = await call(createDeadLetters(api), { route, params, headers, body: '{}' });

  expect(statusCode).toBe(202);
  expect(json).toEqual({ redriven: [id], refused: [] });
});

it('a retry is answered although nobody knows whether its model sleeps', async () => {
  const { api, id } = await givenUp();
  const models = { ...api.models, served: () => Promise.reject(new Error('The registry is away.')) };

  const { statusCode } = await call(createRetry({ ...api, models }), { route: '/tasks/{id}/retry', params: { id } });

  expect(statusCode).toBe(202);
  expect((await stored(api, id)).state).toBe('queued');
});
