import { describe, expect, it } from 'vitest';
import { ROUTES } from '#api';
import { contractOf } from '#contract';
import { registerInstance, unavailable } from '#core';
import { createHandler } from '#lambdas/get-openapi/handler.ts';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aModel, anInstance } from '#test/support/registry.ts';
import { call, createTestApi, replacing, type TestApi } from './api-harness.ts';

const get = (handler: ReturnType<typeof createHandler>, headers: Readonly<Record<string, string>> = {}) =>
  call(handler, { route: '/openapi.json', headers });

const pathsOf = ({ json }: { json: Record<string, unknown> }): string[] => Object.keys(json.paths as object);

async function registerModelA({ platform }: TestApi): Promise<void> {
  const { description, variants, limits } = aModel();
  await registerInstance(platform, {
    instance: { ...anInstance(), startedAt: platform.clock.now() },
    contract: contractOf(ModelARequest, ModelAResponse),
    manifest: { description, variants, limits },
  });
}

describe('GET /openapi.json', () => {
  it('documents the models that are active and the routes that are always there', async () => {
    const api = createTestApi();
    await api.wake();

    const answer = await get(createHandler(api));

    expect(answer.statusCode).toBe(200);
    expect(answer.headers['Content-Type']).toBe('application/json');
    expect(answer.json.openapi).toMatch(/^3\.1\./);
    expect(pathsOf(answer)).toEqual(
      expect.arrayContaining(['/predict/model_b', '/models/model_b/tasks', '/tasks/{id}']),
    );
    expect(pathsOf(answer).length).toBeGreaterThan(new Set(ROUTES.map(({ path }) => path)).size - 3);
  });

  it('shows a model that registers later, and not one that has gone', async () => {
    const clock = new ManualClock();
    const api = createTestApi({ clock });
    const handler = createHandler(api);
    await api.wake();

    const before = await get(handler);
    await registerModelA(api);
    clock.advance(5_000);
    const after = await get(handler);
    clock.advance(30_000);
    const later = await get(handler);

    expect(pathsOf(before)).not.toContain('/predict/model_a');
    expect(pathsOf(after)).toContain('/predict/model_a');
    expect(pathsOf(after)).toContain('/predict/model_b');
    expect(pathsOf(later)).not.toContain('/predict/model_a');
  });

  it('answers 304 while the caller has the current one', async () => {
    const clock = new ManualClock();
    const api = createTestApi({ clock });
    const handler = createHandler(api);
    await api.wake();

    const etag = String((await get(handler)).headers.ETag);
    const same = await get(handler, { 'If-None-Match': `"other", W/${etag}` });
    await registerModelA(api);
    clock.advance(5_000);
    const changed = await get(handler, { 'If-None-Match': etag });

    expect(same.statusCode).toBe(304);
    expect(same.body).toBe('');
    expect(changed.statusCode).toBe(200);
  });

  it('leaves out a model whose contract is malformed, and says so', async () => {
    const warnings: string[] = [];
    const log = () => undefined;
    const api = createTestApi({
      logger: { debug: log, info: log, error: log, warn: (message) => void warnings.push(message) },
      broken: ({ contracts }) => ({
        contracts: replacing(contracts, {
          get: async (hash) => ({ ...(await contracts.get(hash)), hash, descriptorSet: Uint8Array.of(1) }) as never,
        }),
      }),
    });
    await api.wake();

    const answer = await get(createHandler(api));

    expect(answer.statusCode).toBe(200);
    expect(pathsOf(answer)).not.toContain('/predict/model_b');
    expect(warnings).toEqual(['A model is not documented: its contract is malformed.']);
  });

  it('answers 503 while the registry is away', async () => {
    const away = unavailable('registry_unavailable', 'The registry is unavailable.', undefined);
    const api = createTestApi({
      broken: ({ registry }) => ({ registry: replacing(registry, { snapshot: () => Promise.reject(away) }) }),
    });

    expect((await get(createHandler(api))).statusCode).toBe(503);
  });
});
