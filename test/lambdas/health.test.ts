import { describe, expect, it } from 'vitest';
import { unavailable } from '#core';
import { createHandler } from '#lambdas/health/handler.ts';
import { aModel } from '#test/support/registry.ts';
import { call, createTestApi, replacing, type TestApi } from './api-harness.ts';

const probe = (api: TestApi, route: string) => call(createHandler(api), { route, headers: { Accept: 'text/plain' } });

const withoutRegistry = () =>
  createTestApi({
    broken: ({ registry }) => ({
      registry: replacing(registry, {
        snapshot: () => Promise.reject(unavailable('registry_unavailable', 'The registry is unavailable.', undefined)),
      }),
    }),
  });

describe('health', () => {
  it('is well whatever a probe wants to read', async () => {
    const { statusCode, json } = await probe(createTestApi(), '/healthz');

    expect(statusCode).toBe(200);
    expect(json).toEqual({ status: 'ok' });
  });

  it('is well, but not ready, while the registry is away', async () => {
    const api = withoutRegistry();

    expect((await probe(api, '/healthz')).statusCode).toBe(200);
    expect((await probe(api, '/readyz')).statusCode).toBe(503);
  });

  it('is not ready while the platform could take no task, whatever the registry says', async () => {
    const check = () => Promise.reject(unavailable('queue_unavailable', 'The queue is away.', undefined));
    const api = createTestApi({ broken: () => ({ check }) });

    const { statusCode, json } = await probe(api, '/readyz');

    expect(statusCode).toBe(503);
    expect(json).toMatchObject({ type: '/problems/queue-unavailable' });
  });

  it('is not ready while no queue answers', async () => {
    const away = unavailable('queue_unavailable', 'The queue is away.', undefined);
    const api = createTestApi({
      broken: ({ queues }) => ({
        queues: (model) => replacing(queues(model), { depth: () => Promise.reject(away) }),
      }),
    });
    await api.platform.registry.writeModel(aModel());

    expect((await probe(api, '/readyz')).statusCode).toBe(503);
  });

  it('is ready when the registry can be read', async () => {
    const { statusCode, json } = await probe(createTestApi(), '/readyz');

    expect(statusCode).toBe(200);
    expect(json).toEqual({ status: 'ready' });
  });
});
