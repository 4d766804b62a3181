import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { post } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const REQUEST = { gdp_per_capita: 50_000, unemployment_rate: 5.2, gdp_growth_rate_lag: 2.1, gdp_growth_rate_ma: 2.3 };

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start();
});
afterAll(() => system[Symbol.asyncDispose]());

const read = async (path: string): Promise<unknown> => (await system.fetch(path)).json();

const eventually = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 25_000, interval: 100 });

async function endpointOf(id: string): Promise<string> {
  const { endpoint } = (await read(`/models/gdp_growth_rate/instances/${id}`)) as { readonly endpoint: string | null };
  expect(endpoint).toMatch(/^http:/);
  return String(endpoint);
}

/** Every row of the contract's table of these routes, as it stands there. */
describe('the routes by which people know such systems', () => {
  it('predict with the first example', async () => {
    const answer = await post(system, '/predict/model_a', { data: 'example' });

    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ model: 'model_a', state: 'succeeded', result: expect.any(Object) });
  });

  it('predict with the flat answer', async () => {
    const answer = await post(system, '/api/predict/gdp_growth_rate', REQUEST);

    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      message: 'GDP growth prediction endpoint',
      input: REQUEST,
      model: 'LinearRegression',
      prediction: [expect.any(Number)],
    });
  });

  it('tell who serves what', async () => {
    const variants = ['LinearRegression', 'RandomForest'];

    const available = await read('/api/models/available');
    const services = await read('/api/predict/services');

    const ids = ['gdp_growth_rate-1', 'model_a-1', 'model_b-1'];
    expect(available).toEqual({
      models_by_service: { 'gdp_growth_rate-1': variants, 'model_a-1': ['model_a'], 'model_b-1': ['model_b'] },
      services: ids,
    });
    expect(services).toEqual({ 'Services:': ids });
  });

  it('launch a variant, list its instances, ask one for its health, and shut it down', async () => {
    const of = '/api/models/instances/RandomForest';

    const launched = await system.fetch('/api/models/launch/RandomForest', { method: 'POST' });
    const body = (await launched.json()) as { readonly container_id: string; readonly container_name: string };
    const { container_id: id, container_name: name } = body;
    const row = { id, name, status: 'ready', image: [expect.any(String)] };
    await eventually(async () => expect(await read(of)).toEqual({ model: 'RandomForest', instances: [row] }));
    // Its endpoint is known with its first heartbeat that the listing has seen.
    const endpoint = await eventually(() => endpointOf(id));
    const health = await (await fetch(`${endpoint}/health`)).json();
    const down = await system.fetch(`/api/models/instances/${id}`, { method: 'DELETE' });

    expect(launched.status).toBe(200);
    expect(body).toEqual({
      status: 'success',
      message: 'Launched new instance for model: RandomForest',
      container_id: id,
      container_name: name,
    });
    expect(health).toEqual({ status: 'ok', model: 'RandomForest' });
    expect([down.status, await down.json()]).toEqual([
      200,
      { status: 'success', message: `Shutdown container: ${id}` },
    ]);
    await eventually(async () => expect(await read(of)).toEqual({ model: 'RandomForest', instances: [] }));
  });
});
