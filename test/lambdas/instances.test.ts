import { describe, expect, it } from 'vitest';
import type { ControlledInstance, InstanceController } from '#core';
import { createHandler as createLaunch } from '#lambdas/launch-instance/handler.ts';
import { createHandler as createList } from '#lambdas/list-instances/handler.ts';
import { createHandler as createStop } from '#lambdas/stop-instance/handler.ts';
import { call, createTestApi, replacing, type TestApi } from './api-harness.ts';

/** A controller that runs `running` and remembers what it was told. */
function fakeController(running: readonly ControlledInstance[] = []) {
  const told: string[] = [];
  const instances: InstanceController = {
    list: async (model) => running.filter((instance) => instance.model === model),
    async launch(model, variant) {
      told.push(`launch ${model} ${variant ?? ''}`.trim());
      return { ...PROCESS, id: 'new', name: 'new', ...(variant ? { variant } : {}) };
    },
    async stop(model, id) {
      told.push(`stop ${model} ${id}`);
      return running.some((instance) => instance.model === model && instance.id === id);
    },
  };
  return { instances, told };
}

const PROCESS: ControlledInstance = { id: 'p-1', name: 'p-1', model: 'model_b', state: 'starting', image: 'node' };

function controlled(running: readonly ControlledInstance[] = []) {
  const { instances, told } = fakeController(running);
  return { api: createTestApi({ broken: () => ({ instances }) }), told };
}

const PATH = '/models/{model}/instances' as const;
const ONE = '/models/{model}/instances/{id}' as const;

const list = (api: TestApi, model = 'model_b') => call(createList(api), { route: PATH, params: { model } });

const launch = (api: TestApi, body?: string, headers: Readonly<Record<string, string>> = JSON_BODY) =>
  call(createLaunch(api), {
    route: PATH,
    params: { model: 'model_b' },
    headers,
    ...(body === undefined ? {} : { body }),
  });

const JSON_BODY = { 'Content-Type': 'application/json' };

describe('GET /models/{model}/instances', () => {
  it('needs no contract, which cannot be read for the first time while the registry is away', async () => {
    const api = createTestApi({
      broken: ({ contracts }) => ({
        contracts: replacing(contracts, { get: () => Promise.reject(new Error('Away.')) }),
      }),
    });
    await api.wake();

    const { statusCode, json } = await list(api);

    expect([statusCode, json.instances]).toEqual([200, [expect.objectContaining({ id: 'i-1' })]]);
  });

  it('lists what the platform runs and what registered from elsewhere', async () => {
    const { api } = controlled([PROCESS]);
    await api.wake();

    const { statusCode, json } = await list(api);

    expect(statusCode).toBe(200);
    expect(json).toEqual({
      instances: [
        expect.objectContaining({ id: 'p-1', state: 'starting', slots: null, started_at: null, endpoint: null }),
        {
          id: 'i-1',
          model: 'model_b',
          state: 'ready',
          phase: null,
          condition: null,
          failure: null,
          variant: null,
          started_at: expect.stringMatching(/^\d{4}-.*Z$/),
          last_heartbeat_at: expect.stringMatching(/^\d{4}-.*Z$/),
          slots: 1,
          in_flight: 0,
          service_ms: null,
          memory_mib: null,
          version: null,
          image: 'node',
          endpoint: 'http://127.0.0.1:1',
        },
      ],
    });
  });

  it.each([
    ['starting', 'ready'],
    ['ready', 'ready'],
    ['draining', 'draining'],
  ] as const)('shows one that the platform finds %s, and that says it is ready, as %s', async (state, shown) => {
    const { api } = controlled([{ ...PROCESS, id: 'i-1', state }]);
    await api.wake({}, ['Tree', 'Line']);

    const { json } = await list(api);

    expect(json.instances).toEqual([expect.objectContaining({ id: 'i-1', state: shown, variant: 'Tree', slots: 1 })]);
  });

  it.each([
    ['provisioning', 'starting', 'provisioning'],
    ['pulling', 'starting', 'pulling'],
    ['starting', 'starting', 'starting'],
    ['draining', 'draining', 'draining'],
  ] as const)('tells that the platform finds one %s, whose state is %s', async (phase, state, shown) => {
    const { api } = controlled([{ ...PROCESS, state, phase }]);
    await api.wake();

    const { json } = await list(api);

    expect(json.instances).toContainEqual(expect.objectContaining({ id: 'p-1', state, phase: shown }));
  });

  it('tells no phase that is over, by what the instance says itself', async () => {
    const { api } = controlled([{ ...PROCESS, id: 'i-1', phase: 'pulling' }]);
    await api.wake();

    const { json } = await list(api);

    expect(json.instances).toEqual([expect.objectContaining({ state: 'ready', phase: 'ready' })]);
  });

  it('shows one by its id, and answers 404 for an id that it does not know', async () => {
    const { api } = controlled([PROCESS]);
    await api.wake();
    const one = (id: string) => call(createList(api), { route: ONE, params: { model: 'model_b', id } });

    const [known, unknown] = [await one('p-1'), await one('p-2')];

    expect([known.statusCode, known.json.id]).toEqual([200, 'p-1']);
    expect([unknown.statusCode, unknown.json.type]).toEqual([404, '/problems/instance-not-found']);
  });

  it('answers 404 for a model that there is not', async () => {
    expect((await list(controlled().api, 'nope')).statusCode).toBe(404);
  });
});

describe('POST /models/{model}/instances', () => {
  it('launches one and says where it is', async () => {
    const { api, told } = controlled();
    await api.wake();

    const { statusCode, headers, json } = await launch(api);

    expect(statusCode).toBe(202);
    expect(headers.Location).toBe('/models/model_b/instances/new');
    expect(json).toMatchObject({ id: 'new', state: 'starting' });
    expect(told).toEqual(['launch model_b']);
  });

  it.each([
    ['{"variant":"Oracle"}', 422, '/variant'],
    ['{"variant":7}', 422, '/variant'],
    ['{"variant":null}', 422, '/variant'],
    ['{"variety":"x"}', 422, '/variety'],
    ['[]', 422, ''],
  ])('refuses %s with a pointer', async (body, status, pointer) => {
    const { api, told } = controlled();
    await api.wake();

    const { statusCode, json } = await launch(api, body);

    expect(statusCode).toBe(status);
    expect(json.errors).toEqual([{ pointer, message: expect.any(String) }]);
    expect(told).toEqual([]);
  });

  it.each([
    ['{"variant":', JSON_BODY, 400],
    ['{}', { 'Content-Type': 'application/x-protobuf' }, 415],
    ['{}', { 'Content-Type': 'text/plain' }, 415],
  ])('answers %s as %j with %i', async (body, headers, status) => {
    const { api } = controlled();
    await api.wake();

    expect((await launch(api, body, headers)).statusCode).toBe(status);
  });

  it('answers 409 and names the limit when the model has as many as it may', async () => {
    const { api, told } = controlled([PROCESS]);
    await api.wake({ maxInstances: 2 });

    const { statusCode, json } = await launch(api);

    expect(statusCode).toBe(409);
    expect(json).toMatchObject({
      type: '/problems/instance-limit',
      detail: expect.stringMatching(/maxInstances allows 2/),
    });
    expect(told).toEqual([]);
  });

  it('answers 409 where instances cannot be controlled', async () => {
    const api = createTestApi();
    await api.wake();

    expect((await launch(api)).json.type).toBe('/problems/instance-uncontrolled');
  });
});

describe('DELETE /models/{model}/instances/{id}', () => {
  const stop = (api: TestApi, id: string) => call(createStop(api), { route: ONE, params: { model: 'model_b', id } });

  it('stops one, as often as it is asked', async () => {
    const { api } = controlled([PROCESS]);
    await api.wake();

    const answers = [await stop(api, 'p-1'), await stop(api, 'p-1')];

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202]);
    expect(answers[0]?.json).toEqual({ id: 'p-1', model: 'model_b', state: 'draining' });
  });

  it.each([
    ['unknown', 404],
    ['i-1', 409],
  ])('answers for %s with %i', async (id, status) => {
    const { api } = controlled();
    await api.wake();

    expect((await stop(api, id)).statusCode).toBe(status);
  });
});
