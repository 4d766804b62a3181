import { describe, expect, it } from 'vitest';
import { MemoryUserStore } from '#adapters/memory/index.ts';
import { type Principal, submitTask } from '#core';
import { createHandler } from '#lambdas/list-tasks/handler.ts';
import { ModelBRequest } from '#proto/models/model_b.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { CONTRACT } from '#test/support/model-b.ts';
import { call, createTestApi, type TestApi } from './api-harness.ts';

/** Submits tasks one second apart; resolves with their ids, the newest first. */
async function submitted(api: TestApi, clock: ManualClock, count: number, owner = 'local'): Promise<string[]> {
  const ids: string[] = [];
  for (let value = 0; value < count; value++) {
    await clock.advance(1000);
    const request = ModelBRequest.encode({ value });
    const command = { owner, model: 'model_b', contract: CONTRACT, request, limits: { timeoutSeconds: 60 } };
    ids.unshift((await submitTask(api.platform, command)).id);
  }
  return ids;
}

const list = async (api: TestApi, query: Readonly<Record<string, string>> = {}) => {
  const { statusCode, json } = await call(createHandler(api), { route: '/tasks', query });
  const tasks = (json.tasks ?? []) as { id: string; state: string }[];
  return { statusCode, json, tasks, ids: tasks.map(({ id }) => id) };
};

describe('GET /tasks', () => {
  it('lists my tasks, the newest first, without their results', async () => {
    const clock = new ManualClock();
    const api = createTestApi({ clock });
    const ids = await submitted(api, clock, 3);
    await submitted(api, clock, 1, 'ada');
    await api.work();

    const page = await list(api);

    expect(page.statusCode).toBe(200);
    expect(page.ids).toEqual(ids);
    expect(page.json.next_cursor).toBeNull();
    expect(page.tasks[2]).toMatchObject({ model: 'model_b', state: 'succeeded', error: null });
    expect(page.tasks[2]).not.toHaveProperty('result');
  });

  it('is an empty page for who has none', async () => {
    const { statusCode, json } = await list(createTestApi());

    expect(statusCode).toBe(200);
    expect(json).toEqual({ tasks: [], next_cursor: null });
  });

  it('goes on where the page before ended', async () => {
    const clock = new ManualClock();
    const api = createTestApi({ clock });
    const ids = await submitted(api, clock, 5);

    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await list(api, { limit: '2', cursor });
      expect(page.ids.length).toBeLessThanOrEqual(2);
      seen.push(...page.ids);
      cursor = String(page.json.next_cursor ?? '');
    } while (cursor !== '');

    expect(seen).toEqual(ids);
  });

  it('gives 20 when it is not told how many', async () => {
    const clock = new ManualClock();
    const api = createTestApi({ clock });
    await submitted(api, clock, 21);

    const { ids, json } = await list(api);

    expect(ids).toHaveLength(20);
    expect(json.next_cursor).toEqual(expect.any(String));
  });

  it('keeps to one state and one model', async () => {
    const clock = new ManualClock();
    const api = createTestApi({ clock });
    const [, oldest] = await submitted(api, clock, 2);
    await api.work();

    expect((await list(api, { state: 'succeeded', model: 'model_b' })).ids).toEqual([oldest]);
    expect((await list(api, { state: 'failed' })).ids).toEqual([]);
    expect((await list(api, { model: 'model_a' })).ids).toEqual([]);
  });

  it('takes empty parameters as none', async () => {
    const { statusCode } = await list(createTestApi(), { model: '', state: '', limit: '', cursor: '' });

    expect(statusCode).toBe(200);
  });

  it.each([
    ['limit', '0'],
    ['limit', '101'],
    ['limit', 'all'],
    ['state', 'done'],
    ['cursor', 'made-up'],
  ])('answers 400 for a bad %s, naming it', async (name, value) => {
    const { statusCode, json } = await list(createTestApi(), { [name]: value });

    expect(statusCode).toBe(400);
    expect(json).toMatchObject({ type: '/problems/invalid-request', detail: expect.stringContaining(name) });
  });

  it('lists the tasks of one user or of all for admins only', async () => {
    const clock = new ManualClock();
    const api = createTestApi({ clock });
    const [own] = await submitted(api, clock, 1);
    const [other] = await submitted(api, clock, 1, 'ada');
    const ask = (query: Readonly<Record<string, string>>, caller?: Partial<Principal>) => {
      const principal = { id: 'local', name: 'local', role: 'admin', ...caller } as const;
      return call(createHandler({ ...api, users }), { route: '/tasks', query, caller: principal });
    };
    const users = new MemoryUserStore();
    await users.restore({ id: 'ada', name: 'ada', role: 'user', passwordHash: '', createdAt: 1, version: 1 });

    const all = await ask({ all: 'true' });
    const one = await ask({ user: 'ada' });
    const refused = await Promise.all([
      ask({ all: 'true' }, { role: 'operator' }),
      ask({ user: 'ada' }, { role: 'user' }),
      ask({ all: 'true' }, { scopes: ['read'] }),
    ]);

    const idsOf = ({ json }: typeof all) =>
      (json.tasks as { id: string; user_id: string }[]).map((t) => [t.id, t.user_id]);
    expect(idsOf(all)).toEqual([
      [other, 'ada'],
      [own, 'local'],
    ]);
    expect(idsOf(one)).toEqual([[other, 'ada']]);
    expect(refused.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403]);
  });
});
