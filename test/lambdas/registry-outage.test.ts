import { describe, expect, it, onTestFinished } from 'vitest';
import { waitForTask } from '#core';
import { createHandler as createListModels } from '#lambdas/list-models/handler.ts';
import { createHandler as createSubmit } from '#lambdas/submit-task/handler.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { defineModel } from '#runtime/define-model.ts';
import { runInstance } from '#test/support/in-process-model.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { call, createTestApi, type TestApi } from './api-harness.ts';

const MINUTE_MS = 60_000;

const list = (api: TestApi) => call(createListModels(api), { route: '/models' });

const submit = (api: TestApi) =>
  call(createSubmit(api), { route: '/models/{model}/tasks', params: { model: 'model_b' }, body: '{"value": 1}' });

/** A whole instance of model_b on the platform of the API, and what it told of its registry. */
async function startInstance(api: TestApi): Promise<readonly string[]> {
  const told: string[] = [];
  const logger = { ...silentLogger, info: (message: string) => void told.push(message) };
  const stop = new AbortController();
  const definition = defineModel({
    manifest: { name: 'model_b', description: 'Hands its number back.' },
    request: ModelBRequest,
    response: ModelBResponse,
    predict: (_state, { value }) => ({ value }),
  });
  const options = {
    platform: api.platform,
    logger,
    id: 'survivor',
    image: 'test',
    runtimeVersion: 'test',
    health: { host: '127.0.0.1', port: 0 },
    leaseSeconds: 30,
    stopTimeoutMs: 1000,
  };
  const running = runInstance(definition, options, stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  await expect.poll(() => told).toContain('Ready.');
  return told;
}

describe('while the registry is away', () => {
  it('instances go on, the API answers from what it knows for a minute, and all is well when it is back', async () => {
    const clock = new ManualClock();
    const api = createTestApi({ clock });
    const told = await startInstance(api);
    await list(api);

    api.platform.registry.reachable = false;
    await clock.advance(MINUTE_MS - 10_000);
    const known = await list(api);
    const submitted = await submit(api);
    const task = await waitForTask(api.platform, { id: String(submitted.json.id), owner: 'local', waitMs: 10_000 });
    await clock.advance(11_000);
    const unknown = await list(api);
    const refused = await submit(api);
    api.platform.registry.reachable = true;
    await clock.advance(11_000);
    await expect.poll(() => told).toContain('The registry is available again.');

    expect(known.json.models).toEqual([expect.objectContaining({ name: 'model_b', state: 'active' })]);
    expect([submitted.statusCode, task.state]).toEqual([202, 'succeeded']);
    expect([unknown.statusCode, unknown.headers['Retry-After']]).toEqual([503, '5']);
    expect([refused.statusCode, refused.json.type]).toEqual([503, '/problems/registry-unavailable']);
    expect((await list(api)).json.models).toEqual([expect.objectContaining({ name: 'model_b', live_instances: 1 })]);
  });
});
