import { describe, expect, it } from 'vitest';
import { jsonSchemaOf } from '#contract';
import { unavailable } from '#core';
import { createHandler as createGetModel } from '#lambdas/get-model/handler.ts';
import { createHandler as createListModels } from '#lambdas/list-models/handler.ts';
import { CONTRACT } from '#test/support/model-b.ts';
import { call, createTestApi, replacing, type TestApi } from './api-harness.ts';

const list = (api: TestApi, query: Readonly<Record<string, string>> = {}) =>
  call(createListModels(api), { route: '/models', query });

const get = (api: TestApi, model: string) => call(createGetModel(api), { route: '/models/{model}', params: { model } });

const ACTIVE = {
  name: 'model_b',
  state: 'active',
  live_instances: 1,
  backlog: 2,
  request_message: 'models.model_b.ModelBRequest',
  response_message: 'models.model_b.ModelBResponse',
  failure: null,
  contract_version: 1,
  default_version: 1,
};

async function queueTwo({ platform }: TestApi): Promise<void> {
  for (const byte of [1, 2]) await platform.queues('model_b').send({ body: Uint8Array.of(byte) });
}

describe('GET /models', () => {
  it('lists the models that an instance is serving', async () => {
    const api = createTestApi();
    await api.wake();
    await queueTwo(api);

    const { statusCode, json } = await list(api);

    expect(statusCode).toBe(200);
    expect(json).toEqual({ models: [ACTIVE] });
  });

  it('leaves out a model that is asleep', async () => {
    const api = createTestApi();
    await api.doze();

    expect((await list(api)).json).toEqual({ models: [] });
  });

  it('lists it as asleep when all are asked for', async () => {
    const api = createTestApi();
    await api.doze();

    const { json } = await list(api, { all: 'true' });

    expect(json).toEqual({ models: [{ ...ACTIVE, state: 'asleep', live_instances: 0, backlog: 0 }] });
  });

  it('does not know the backlog while the queue cannot be asked', async () => {
    const away = unavailable('queue_unavailable', 'The queue is away.', undefined);
    const api = createTestApi({
      broken: ({ queues }) => ({
        queues: (model) => replacing(queues(model), { depth: () => Promise.reject(away) }),
      }),
    });
    await api.wake();

    expect((await list(api)).json).toEqual({ models: [{ ...ACTIVE, backlog: null }] });
  });

  it('counts what was given up for operators who ask, and refuses others', async () => {
    const api = createTestApi();
    await api.wake();
    const query = { all: 'true', dead_letters: 'true' };
    const ann = { id: 'ann', name: 'ann', role: 'user' } as const;

    const refused = await call(createListModels(api), { route: '/models', query, caller: ann });

    expect((await list(api, query)).json).toMatchObject({ models: [{ name: 'model_b', dead_letters: 0 }] });
    expect((await list(api, { all: 'true' })).json.models).not.toMatchObject([{ dead_letters: 0 }]);
    expect([refused.statusCode, refused.json.detail]).toEqual([
      403,
      'Only operators see how many tasks were given up.',
    ]);
  });

  it('answers 400 when all is neither true nor false', async () => {
    const { statusCode, json } = await list(createTestApi(), { all: 'yes' });

    expect(statusCode).toBe(400);
    expect(json.detail).toBe('The query parameter all must be one of true, false.');
  });

  it('answers 503 while the registry is away', async () => {
    const away = unavailable('registry_unavailable', 'The registry is unavailable.', undefined);
    const api = createTestApi({
      broken: ({ registry }) => ({ registry: replacing(registry, { snapshot: () => Promise.reject(away) }) }),
    });

    const { statusCode, headers } = await list(api);

    expect(statusCode).toBe(503);
    expect(headers['Retry-After']).toBe('5');
  });
});

describe('GET /models/{model}', () => {
  it('tells its limits too', async () => {
    const api = createTestApi();
    await api.wake({ maxBacklog: 100 });
    await queueTwo(api);

    const { statusCode, json } = await get(api, 'model_b');

    expect(statusCode).toBe(200);
    expect(json).toMatchObject({
      ...ACTIVE,
      description: 'Takes its time.',
      variants: [],
      limits: {
        max_attempts: 3,
        timeout_seconds: 60,
        max_instances: 10,
        max_backlog: 100,
        accept_when_asleep: true,
        accept_when_failing: null,
        idle_seconds: null,
      },
    });
  });

  it('describes its messages', async () => {
    const api = createTestApi();
    await api.wake();

    const { json } = await get(api, 'model_b');

    expect(json.schemas).toEqual({
      request: jsonSchemaOf(CONTRACT, 'request'),
      response: jsonSchemaOf(CONTRACT, 'response'),
    });
    expect(JSON.stringify(json.schemas)).toContain('delay_seconds');
  });

  it('knows a model that is asleep', async () => {
    const api = createTestApi();
    await api.doze();

    expect((await get(api, 'model_b')).json).toMatchObject({ state: 'asleep', live_instances: 0 });
  });

  it('answers 404 for a model that there is not', async () => {
    const { statusCode, json } = await get(createTestApi(), 'model_x');

    expect(statusCode).toBe(404);
    expect(json.type).toBe('/problems/model-not-found');
  });
});
