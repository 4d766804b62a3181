import { describe, expect, it, onTestFinished } from 'vitest';
import { openChanges } from '#gateway/changes/change-stream.ts';
import { Topic } from '#gateway/changes/topic.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import { registerModelB } from '#test/support/model-b.ts';
import { aFreshTask, aStart } from '#test/support/tasks.ts';
import { replacing } from '../lambdas/api-harness.ts';
import { startGateway } from './access-harness.ts';
import { follow } from './changes-harness.ts';

type Gateway = Awaited<ReturnType<typeof startGateway>>;

async function userOf(gateway: Gateway, name: string, role: 'user' | 'operator' | 'admin' = 'user') {
  const { id } = await gateway.add(name, role);
  return { id, token: await gateway.login(name) };
}

const states = (tasks: readonly Record<string, unknown>[], id: string) =>
  tasks.filter((task) => task.id === id).map(({ state }) => state);

const eventually = { timeout: 10_000, interval: 20 };

describe('GET /events', () => {
  it('tells who follows of own tasks, and only of those', async () => {
    const gateway = await startGateway();
    const { tasks } = gateway.platform;
    const [ann, bob] = [await userOf(gateway, 'ann'), await userOf(gateway, 'bob')];
    const before = aFreshTask({ owner: ann.id });
    await tasks.create(before);
    const following = await follow(gateway.url, { query: '?of=tasks', token: ann.token });
    const [mine, foreign] = [aFreshTask({ owner: ann.id }), aFreshTask({ owner: bob.id })];
    await tasks.create(foreign);
    await tasks.create(mine);

    await expect.poll(() => states(following.of('task'), mine.id), eventually).toEqual(['queued']);
    await tasks.apply(before.id, aStart);
    await expect.poll(() => states(following.of('task'), before.id), eventually).toEqual(['running']);
    await tasks.apply(before.id, { type: 'canceled', at: Date.now() });
    await expect.poll(() => states(following.of('task'), before.id), eventually).toEqual(['running', 'canceled']);

    expect(following.response.headers.get('content-type')).toBe('text/event-stream');
    expect(following.events[0]).toEqual({ event: 'open', data: {} });
    expect(following.of('task')[0]).not.toHaveProperty('user_id');
    expect(JSON.stringify(following.events)).not.toContain(foreign.id);
    expect(following.of('model')).toEqual([]);
  });

  it('tells of old tasks that still wait, however many are newer', async () => {
    const gateway = await startGateway();
    const { tasks } = gateway.platform;
    const ann = await userOf(gateway, 'ann');
    const old = aFreshTask({ owner: ann.id, createdAt: Date.now() - 60_000 });
    await tasks.create(old);
    for (let count = 0; count < 250; count++) await tasks.create(aFreshTask({ owner: ann.id }));
    const following = await follow(gateway.url, { query: '?of=tasks', token: ann.token });

    await tasks.apply(old.id, { type: 'canceled', at: Date.now() });

    await expect.poll(() => states(following.of('task'), old.id), eventually).toEqual(['canceled']);
    expect(following.of('task')).toHaveLength(1);
  });

  it('tells admins of the tasks of all, and refuses others', async () => {
    const gateway = await startGateway();
    const [ann, root] = [await userOf(gateway, 'ann'), await userOf(gateway, 'root', 'admin')];
    const following = await follow(gateway.url, { query: '?of=tasks&all=true', token: root.token });
    const refused = await gateway.ask('/events?all=true', {
      token: ann.token,
      headers: { Accept: 'text/event-stream' },
    });
    const task = aFreshTask({ owner: ann.id });
    await gateway.platform.tasks.create(task);

    await expect.poll(() => following.of('task'), eventually).toMatchObject([{ id: task.id, user_id: ann.id }]);
    expect([refused.status, refused.json.detail]).toEqual([403, 'Only admins see the tasks of other users.']);
  });

  it('shows the models as they are and change, with instances and dead letters to operators only', async () => {
    const gateway = await startGateway();
    const [ann, eve] = [await userOf(gateway, 'ann'), await userOf(gateway, 'eve', 'operator')];
    await registerModelB(gateway.platform);
    const [asUser, asOperator] = await Promise.all(
      [ann, eve].map(({ token }) => follow(gateway.url, { query: '?of=models', token })),
    );

    await expect.poll(() => asOperator?.of('instances'), eventually).toMatchObject([{ model: 'model_b' }]);
    await expect.poll(() => asUser?.of('stats'), eventually).toMatchObject([{ model: 'model_b', minutes: 15 }]);
    expect(asOperator?.of('model')).toMatchObject([{ name: 'model_b', state: 'active', dead_letters: 0 }]);
    expect(asUser?.of('model')[0]).not.toHaveProperty('dead_letters');
    expect(asUser?.of('models')).toEqual([{ names: ['model_b'] }]);
    expect(asUser?.of('instances')).toEqual([]);
  });

  it('reads a list once for all who follow it, and not at all when they have left', async () => {
    const platform = createMemoryPlatform();
    onTestFinished(() => platform.close());
    let reads = 0;
    const list: typeof platform.tasks.list = (query) => {
      reads += 1;
      return platform.tasks.list(query);
    };
    const gateway = await startGateway({ platform: { ...platform, tasks: replacing(platform.tasks, { list }) } });
    const { token } = await userOf(gateway, 'ann');
    const following = [];
    for (let count = 0; count < 10; count++) following.push(await follow(gateway.url, { query: '?of=tasks', token }));

    expect(reads).toBeLessThan(10);
    for (const { leave } of following) leave();
    await expect
      .poll(async () => {
        const before = reads;
        await new Promise((resolve) => setTimeout(resolve, 700));
        return reads - before;
      }, eventually)
      .toBe(0);
  });

  it.each(['while the list is read', 'before the stream begins'])(
    'reads nothing for a client that has left %s',
    async (when) => {
      const { clock } = createMemoryPlatform();
      const leaving = new AbortController();
      let reads = 0;
      const read = async () => {
        reads += 1;
        if (when === 'while the list is read') leaving.abort();
        return new Map();
      };
      const topic = new Topic({ read, clock, tellsAll: false, pauseMs: 1 });
      let isClosed = false;
      const close = () => {
        isClosed = true;
      };

      await openChanges({ topics: [topic], clock, signal: leaving.signal, close });
      leaving.abort();

      expect([reads, topic.isFollowed, isClosed]).toEqual([1, false, true]);
    },
  );

  it('ends when the store fails, so that clients ask again, and says why it cannot begin', async () => {
    const platform = createMemoryPlatform();
    onTestFinished(() => platform.close());
    let isAway = false;
    const list: typeof platform.tasks.list = async (query) => {
      if (isAway) throw new Error('Away.');
      return platform.tasks.list(query);
    };
    const gateway = await startGateway({ platform: { ...platform, tasks: replacing(platform.tasks, { list }) } });
    const { token } = await userOf(gateway, 'ann');
    const following = await follow(gateway.url, { query: '?of=tasks', token });

    isAway = true;
    await following.ended;
    const refused = await follow(gateway.url, { query: '?of=tasks', token });

    expect(refused.response.status).toBe(500);
    isAway = false;
    expect((await follow(gateway.url, { query: '?of=tasks', token })).response.status).toBe(200);
  });

  it('asks who is there, takes one kind only, and answers HEAD without keeping a place', async () => {
    const gateway = await startGateway();
    const { token } = await userOf(gateway, 'ann');
    const head = () =>
      fetch(`${gateway.url}/events`, {
        method: 'HEAD',
        headers: { Accept: 'text/event-stream', Authorization: `Bearer ${token}` },
      });

    expect((await gateway.ask('/events')).status).toBe(401);
    const accepts = { Accept: 'text/event-stream' };
    expect((await gateway.ask('/events?of=users', { token, headers: accepts })).status).toBe(400);
    for (const Accept of ['application/json', '*/*']) {
      expect((await gateway.ask('/events', { token, headers: { Accept } })).status).toBe(406);
    }
    const heads = [];
    for (let count = 0; count < 110; count++) heads.push((await head()).status);
    expect(new Set(heads)).toEqual(new Set([200]));
  });
});
