import { describe, expect, it } from 'vitest';
import { type InstanceController, type LogQuery, matchingLines } from '#core';
import { createHandler } from '#lambdas/list-instances/handler.ts';
import { call, createTestApi } from './api-harness.ts';

const LINES = [1, 2, 3].map((minute) => ({
  at: Date.UTC(2026, 10, 21, 12, minute),
  ...{ instance: `i-${minute}`, level: 'info', message: `Line ${minute}.`, fields: {} },
}));

const instances: InstanceController = {
  list: async () => [],
  launch: () => Promise.reject(new Error('Not asked for.')),
  stop: async () => false,
  logs: async (_model: string, query: LogQuery) => matchingLines(LINES, query),
};

async function read(query: Readonly<Record<string, string>>, controller: InstanceController | undefined = instances) {
  const api = createTestApi({ broken: () => ({ instances: controller }) });
  await api.wake();
  return call(createHandler(api), { route: '/models/{model}/logs', params: { model: 'model_b' }, query });
}

describe('GET /models/{model}/logs', () => {
  it.each<[Record<string, string>, string[]]>([
    [{}, ['Line 1.', 'Line 2.', 'Line 3.']],
    [{ limit: '1' }, ['Line 3.']],
    [{ instance: 'i-2' }, ['Line 2.']],
    [{ from: '2026-11-21T12:02:00Z' }, ['Line 2.', 'Line 3.']],
    [{ from: '2026-11-21T14:03:00+02:00' }, ['Line 3.']],
  ])('answers %o with the newest lines that match, oldest first', async (query, messages) => {
    const { statusCode, json } = await read(query);

    expect(statusCode).toBe(200);
    expect((json.lines as readonly { message: string }[]).map(({ message }) => message)).toEqual(messages);
  });

  it.each<Record<string, string>>([{ from: 'yesterday' }, { limit: '0' }, { limit: '1001' }])(
    'refuses %o',
    async (query) => {
      expect((await read(query)).statusCode).toBe(400);
    },
  );

  it('answers 404 where the platform shows none', async () => {
    const { logs: _, ...others } = instances;

    expect((await read({}, others)).json.type).toBe('/problems/route-not-found');
  });
});
