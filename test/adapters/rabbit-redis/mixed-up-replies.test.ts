import { createClient } from 'redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RabbitRedisPlatform } from '#platform/rabbit-redis.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { openRedisKeyGate } from '#test/support/redis-key-gate.ts';
import { aModel, anInstance } from '#test/support/registry.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const SUITE = 'A reply of Redis about something else than was asked';
const brokers = findBrokers(SUITE);

interface Case {
  /** Key that is asked for, and key whose row is answered, without their prefix. */
  readonly keys: readonly [string, string];
  readonly prepare: (platform: RabbitRedisPlatform) => Promise<unknown>;
  readonly ask: (platform: RabbitRedisPlatform) => Promise<unknown>;
}

const aContract = (hash: string) => ({
  hash,
  requestMessage: 'a.Request',
  responseMessage: 'a.Response',
  descriptorSet: Uint8Array.of(1),
});

const [MINE, THEIRS, ENDED] = [
  aFreshTask({ owner: 'ann' }),
  aFreshTask({ owner: 'bob' }),
  aFreshTask({ owner: 'bob' }),
];
const createBoth = async ({ tasks }: RabbitRedisPlatform) => {
  for (const task of [MINE, THEIRS, ENDED]) await tasks.create(task);
  await tasks.apply(ENDED.id, { type: 'canceled', at: 1 });
};

const CASES: Readonly<Record<string, Case>> = {
  'a contract': {
    keys: ['contract:one', 'contract:two'],
    prepare: ({ contracts }) => Promise.all([contracts.put(aContract('one')), contracts.put(aContract('two'))]),
    ask: ({ contracts }) => contracts.get('one'),
  },
  'a task': {
    keys: [`task:${MINE.id}`, `task:${THEIRS.id}`],
    prepare: createBoth,
    ask: ({ tasks }) => tasks.get(MINE.id),
  },
  'a task that is there, of which the reply is that there is none': {
    keys: [`task:${MINE.id}`, 'task:nobody'],
    prepare: createBoth,
    ask: ({ tasks }) => tasks.get(MINE.id),
  },
  'the tasks of an owner': {
    keys: [`owner:${MINE.owner}`, `owner:${THEIRS.owner}`],
    prepare: createBoth,
    ask: ({ tasks }) => tasks.list({ owner: MINE.owner, limit: 5 }),
  },
  'the task of a repeated submit': {
    keys: [`task:${MINE.id}`, `task:${THEIRS.id}`],
    prepare: createBoth,
    ask: ({ tasks }) => tasks.create(MINE),
  },
  'what became of an event': {
    keys: [`task:${MINE.id}`, `task:${ENDED.id}`],
    prepare: createBoth,
    ask: ({ tasks }) => tasks.apply(MINE.id, { type: 'sent', at: 1 }),
  },
  'a blob': {
    keys: ['blob:requests/1', 'blob:requests/2'],
    prepare: ({ blobs }) => Promise.all([1, 2].map((number) => blobs.put(`requests/${number}`, Uint8Array.of(number)))),
    ask: ({ blobs }) => blobs.get('requests/1'),
  },
  'a listing of models': {
    keys: ['models', 'instances'],
    prepare: ({ registry }) => Promise.all([registry.writeModel(aModel()), registry.putInstance(anInstance())]),
    ask: ({ registry }) => registry.snapshot(),
  },
};

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  async function openBehindKeyGate() {
    const prefix = aPrefix();
    const gate = await openRedisKeyGate(servers.redis.url, () => false);
    onTestFinished(() => gate.close());
    return { prefix, redirects: gate.redirects, platform: servers.open({ prefix, redisUrl: gate.url }) };
  }

  describe(SUITE, () => {
    it.each(Object.entries(CASES))('is an error for %s, and replaces the connection', async (_, testCase) => {
      const { prefix, redirects, platform } = await openBehindKeyGate();
      await testCase.prepare(platform);
      const before = await testCase.ask(platform);
      const [asked, answered] = testCase.keys;

      redirects.set(`${prefix}:${asked}`, `${prefix}:${answered}`);
      const answer = testCase.ask(platform);

      await expect(answer).rejects.toMatchObject({
        retryable: true,
        cause: { message: expect.stringMatching(/^Redis replied for/) },
      });
      await expect(testCase.ask(platform)).rejects.toMatchObject({ retryable: true });
      redirects.clear();
      await expect.poll(() => testCase.ask(platform).catch(String), { timeout: 10_000 }).toEqual(before);
    });

    it('is an error for a model, whose row is in a hash with others', async () => {
      const { prefix, platform } = await openBehindKeyGate();
      const redis = await createClient({ url: servers.redis.url }).connect();
      onTestFinished(() => redis.destroy());
      await platform.registry.writeModel(aModel({ name: 'model_b' }));
      await redis.hSet(`${prefix}:models`, 'model_a', (await redis.hGet(`${prefix}:models`, 'model_b')) ?? '');

      const error = { retryable: true, cause: { message: 'Redis replied for model_b instead of model_a' } };

      await expect(platform.registry.readModel('model_a')).rejects.toMatchObject(error);
    });
  });
}
