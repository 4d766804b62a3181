import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { MemoryCallLog } from '#adapters/memory/index.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import { systemClock } from '#platform/platform.ts';
import { startGateway } from './access-harness.ts';
import { follow } from './changes-harness.ts';

interface ListedCall {
  readonly model: string | null;
  readonly user_id: string;
  readonly route: string;
  readonly status: number;
}

type Gateway = Awaited<ReturnType<typeof startGateway>>;

/** The calls that a list has, once it has as many as expected. */
async function listed({ ask }: Gateway, path: string, token: string, count: number): Promise<readonly ListedCall[]> {
  return vi.waitFor(
    async () => {
      const { status, json } = await ask(path, { token });
      expect(status).toBe(200);
      // Looking is a call too.
      const others = json.calls.filter(({ route }: ListedCall) => !route.endsWith('/calls'));
      expect(others.length).toBeGreaterThanOrEqual(count);
      return others;
    },
    { timeout: 10_000, interval: 50 },
  );
}

describe('the call log of a gateway', () => {
  it('has every call with its user, key, route, model, task, status, sizes and request id', async () => {
    const gateway = await startGateway();
    const { ask, add, login } = gateway;
    const ann = await add('ann');
    const token = await login('ann');
    const { json: key } = await ask('/users/me/keys', { token, body: { name: 'ci' } });
    const body = { data: 'x' };

    const refused = await ask('/models/model_a/tasks', { token: key.key, body });
    const id = '0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee';
    await ask(`/models/model_a/result?task_id=${id}`, { token });
    await ask('/healthz');
    await ask('/models/model_a@2', { token });
    const calls = await listed(gateway, '/users/me/calls', token, 4);
    const [ofVersion, ...earlier] = calls;
    const found = await listed(gateway, '/users/me/calls?model=model_a@2', token, 1);

    expect([ofVersion, ...found].map((call) => call?.model)).toEqual(['model_a@2', 'model_a@2']);
    expect(earlier.map(({ route, status }) => [route, status])).toEqual([
      ['/models/{model}/result', 404],
      ['/models/{model}/tasks', 404],
      ['/users/me/keys', 201],
    ]);
    expect(earlier[0]).toMatchObject({ user_id: ann.id, model: 'model_a', task_id: id, key: null, method: 'GET' });
    expect(earlier[1]).toMatchObject({
      key: key.id,
      model: 'model_a',
      task_id: null,
      method: 'POST',
      bytes_in: JSON.stringify(body).length,
      bytes_out: refused.text.length,
      request_id: refused.headers.get('x-request-id'),
      duration_ms: expect.any(Number),
    });
  });

  it('has a stream when it has ended, with what it has sent', async () => {
    const gateway = await startGateway();
    await gateway.add('ann');
    const token = await gateway.login('ann');
    const following = await follow(gateway.url, { query: '?of=tasks', token });
    await expect.poll(() => following.events).toHaveLength(1);
    await gateway.ask('/users/me', { token });
    const during = await listed(gateway, '/users/me/calls', token, 1);

    following.leave();
    const [call] = await listed(gateway, '/users/me/calls?status=200', token, 2).then((calls) =>
      calls.filter(({ route }) => route === '/events'),
    );

    expect(during.map(({ route }) => route)).toEqual(['/users/me']);
    expect(call).toMatchObject({ status: 200, bytes_out: 'retry: 1000\n\nevent: open\ndata: {}\n\n'.length });
  });

  it('shows users their own calls only, and admins those of everybody, filtered and in pages', async () => {
    const gateway = await startGateway();
    const { ask, add, login } = gateway;
    const bob = await add('bob');
    await Promise.all([add('ann'), add('root', 'admin')]);
    const [ann, ofBob, root] = [await login('ann'), await login('bob'), await login('root')];
    await ask('/tasks', { token: ann });
    await ask('/tasks?limit=x', { token: ofBob });
    await ask('/login', { body: { username: 'bob', password: 'wrong' } });

    const own = await listed(gateway, '/users/me/calls?status=200', ann, 1);
    const all = await listed(gateway, '/calls?limit=100', root, 6);
    const failed = await listed(gateway, '/calls?user=bob&status=400', root, 1);
    const byId = await listed(gateway, `/calls?user=${bob.id}&status=400`, root, 1);
    const { json: page } = await ask('/calls?limit=2&status=200', { token: root });
    const later = await ask('/calls?from=2999-01-01T00:00:00Z', { token: root });

    expect(new Set(own.map(({ user_id }) => user_id)).size).toBe(1);
    expect(
      all.filter(({ route }) => route === '/login').map(({ user_id, status }) => [user_id, status]),
    ).toContainEqual([null, 401]);
    expect(failed).toMatchObject([{ user_id: bob.id, route: '/tasks', status: 400 }]);
    expect(byId).toEqual(failed);
    expect(page.next_cursor).toEqual(expect.any(String));
    expect(later.json).toEqual({ calls: [], next_cursor: null });
    expect((await ask('/calls', { token: ann })).status).toBe(403);
    for (const wrong of ['user=%00', 'status=9', 'from=yesterday', 'model=a/b', 'cursor=x', 'limit=101']) {
      expect((await ask(`/calls?${wrong}`, { token: root })).status).toBe(400);
    }
  });

  it.each(['away', 'stuck'])('changes no answer while it is %s', async (how) => {
    const memory = createMemoryPlatform({ pollMs: 100 });
    const calls = new MemoryCallLog(systemClock);
    calls.append = how === 'away' ? () => Promise.reject(new Error('gone')) : () => new Promise(() => undefined);
    const { ask, add, login } = await startGateway({ platform: { ...memory, calls } });
    await add('ann');
    const token = await login('ann');

    // A busy machine may be told to come again, with or without a log.
    const statusOf = async (): Promise<number> => {
      const { status } = await ask('/tasks', { token });
      return status === 429 ? sleep(200).then(statusOf) : status;
    };
    const statuses = await Promise.all(Array.from({ length: 50 }, statusOf));

    expect(new Set(statuses)).toEqual(new Set([200]));
    await memory.close();
  });

  it('is counted in the metrics when calls are lost', async () => {
    const { ask, add, login } = await startGateway();
    await add('op', 'operator');

    const { text } = await ask('/metrics', { token: await login('op') });

    expect(text).toContain('modelyard_calls_lost_total 0\n');
  });
});
