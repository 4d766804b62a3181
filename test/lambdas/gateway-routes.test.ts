import { describe, expect, it } from 'vitest';
import { jsonTextOf, presentPrediction, RawJson } from '#api';
import { flatNumbers } from '#contract/json/flat-numbers.ts';
import type { InstanceController, Model } from '#core';
import { createHandler as createLaunch } from '#lambdas/launch-instance/handler.ts';
import { createHandler as createListInstances } from '#lambdas/list-instances/handler.ts';
import { createHandler as createListModels } from '#lambdas/list-models/handler.ts';
import { createHandler as createStop } from '#lambdas/stop-instance/handler.ts';
import { createHandler as createSubmit } from '#lambdas/submit-task/handler.ts';
import { aModel } from '#test/support/registry.ts';
import { call, createTestApi, failed } from './api-harness.ts';

const INSTANCE = { id: 'c-1', name: 'box', model: 'model_b', state: 'ready', image: 'node' } as const;

const instances: InstanceController = {
  list: async () => [
    { ...INSTANCE, variant: 'Small' },
    { ...INSTANCE, id: 'c-2', variant: 'Large' },
  ],
  launch: async (_model, variant) => ({ ...INSTANCE, id: 'c-3', ...(variant ? { variant } : {}) }),
  stop: async (model, id) => model === 'model_b' && id === 'c-1',
};

async function awakeApi() {
  const api = createTestApi({ broken: () => ({ instances }) });
  await api.wake({}, ['Small', 'Large']);
  return api;
}

describe('the routes by which people know gateways', () => {
  it('list what each instance offers', async () => {
    const api = await awakeApi();
    const get = (route: string) => call(createListModels(api), { route });

    expect((await get('/api/models/available')).json).toEqual({
      models_by_service: { 'i-1': ['Small', 'Large'] },
      services: ['i-1'],
    });
    expect((await get('/api/predict/services')).json).toEqual({ 'Services:': ['i-1'] });
  });

  it.each(['Large', 'model_b'])('launch by the name %s', async (name) => {
    const api = await awakeApi();

    const answer = await call(createLaunch(api), { route: '/api/models/launch/{name}', params: { name } });

    expect([answer.statusCode, answer.json]).toEqual([
      200,
      {
        status: 'success',
        message: `Launched new instance for model: ${name}`,
        container_id: 'c-3',
        container_name: 'box',
      },
    ]);
  });

  it.each([
    ['Large', ['c-2']],
    ['model_b', ['c-1', 'c-2', 'i-1']],
  ])('list instances by the name %s', async (name, ids) => {
    const api = await awakeApi();

    const { json } = await call(createListInstances(api), { route: '/api/models/instances/{name}', params: { name } });

    expect(json.model).toBe(name);
    const listed = json.instances as { readonly id: string }[];
    expect(listed.map(({ id }) => id)).toEqual(ids);
    expect(listed[0]).toEqual({ id: ids[0], name: 'box', status: 'ready', image: ['node'] });
  });

  it('stop an instance by its id alone', async () => {
    const api = await awakeApi();
    const stop = (name: string) => call(createStop(api), { route: '/api/models/instances/{name}', params: { name } });

    expect((await stop('c-1')).json).toEqual({ status: 'success', message: 'Shutdown container: c-1' });
    expect((await stop('c-9')).statusCode).toBe(404);
  });

  it('answer 404 for a name that neither a model nor a variant has', async () => {
    const api = await awakeApi();
    const params = { name: 'Oracle' };

    const launched = await call(createLaunch(api), { route: '/api/models/launch/{name}', params });
    const listed = await call(createListInstances(api), { route: '/api/models/instances/{name}', params });

    expect([launched.statusCode, listed.statusCode]).toEqual([404, 404]);
  });
});

describe('POST /api/predict/{model}', () => {
  const predict = (api: ReturnType<typeof createTestApi>, body: string) =>
    call(createSubmit(api), {
      route: '/api/predict/{model}',
      params: { model: 'model_b' },
      headers: { 'Content-Type': 'application/json' },
      body,
    });

  it('echoes the input and answers with the numbers of the result', async () => {
    const api = await awakeApi();

    const [answer, task] = await Promise.all([predict(api, '{"value": 3, "delaySeconds": 0}'), api.work()]);

    expect(answer.headers.Location).toBe(`/tasks/${task.id}`);
    expect([answer.statusCode, answer.json]).toEqual([
      200,
      {
        message: 'Model b prediction endpoint',
        input: { value: 3, delaySeconds: 0 },
        model: 'model_b',
        prediction: [7, 0],
      },
    ]);
  });

  it('tells the problem of a task that failed', async () => {
    const api = await awakeApi();

    const [answer] = await Promise.all([predict(api, '{"value": 3}'), api.work((at) => failed(at))]);

    expect([answer.statusCode, answer.json.type]).toEqual([504, '/problems/timeout']);
  });

  it('refuses what the model does not understand, with a pointer', async () => {
    const { statusCode, json } = await predict(await awakeApi(), '{"valeu": 3}');

    expect([statusCode, json.errors]).toEqual([422, [{ pointer: '/valeu', message: expect.any(String) }]]);
  });

  it('names the variant that answered and the title of the model', () => {
    const model = aModel({ title: 'GDP growth', variants: ['LinearRegression', 'RandomForest'] });
    expect(flatAnswer(model, { growth_percent: 2.45, variant: 'RandomForest' })).toEqual({
      message: 'GDP growth prediction endpoint',
      input: {},
      model: 'RandomForest',
      prediction: [2.45],
    });
  });

  it('answers with the whole result where there is no number in it', () => {
    expect(flatAnswer(aModel(), { message: 'hello' }).prediction).toEqual([{ message: 'hello' }]);
  });

  it('gives the input as it was sent, and every number of a list', async () => {
    const answer = flatAnswer(aModel(), { values: [1, 2.5, 'NaN'], total: 3.5 }, ' {"a" : 1.0} ');

    expect(answer).toMatchObject({ input: { a: 1 }, prediction: [1, 2.5, 3.5] });
  });
});

/** The answer of `POST /api/predict/{model}`, as its caller reads it. */
function flatAnswer(model: Model, result: unknown, input = '{}') {
  const { pieces, text: variant } = flatNumbers([Buffer.from(JSON.stringify(result))], 'variant');
  const flat = { prediction: new RawJson(pieces), variant };
  const json = jsonTextOf(presentPrediction({ model, input: new RawJson(input), result: flat }));
  return JSON.parse(typeof json === 'string' ? json : Buffer.concat(json).toString());
}
