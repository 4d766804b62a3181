import { createClient } from 'redis';
import { describe, expect, it } from 'vitest';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const SUITE = 'Tasks that are created together on Redis';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  describe(SUITE, () => {
    const servers = useRabbitRedis(brokers);

    /** Number of scripts that Redis has run. */
    async function scripts(): Promise<number> {
      const client = await createClient({ url: servers.redis.url }).connect();
      const stats = await client.info('commandstats');
      await client.close();
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    }

    it('takes one call for a hundred tasks of several owners, and each is as if it were alone', async () => {
      const { tasks } = servers.open({ prefix: aPrefix() });
      const earlier = aFreshTask({ owner: 'ann' });
      await tasks.create(earlier);
      const fresh = Array.from({ length: 250 }, (_, at) => aFreshTask({ owner: at % 2 === 0 ? 'ann' : 'bob' }));
      const before = await scripts();

      const outcomes = await Promise.all([...fresh, earlier].map((task) => tasks.create(task)));

      expect((await scripts()) - before).toBe(3);
      expect(outcomes).toEqual([...fresh.map(() => undefined), earlier]);
      expect(await Promise.all(fresh.map(({ id }) => tasks.get(id)))).toEqual(fresh);
      const listed = async (owner: string) => (await tasks.list({ owner, limit: 200 })).tasks.map(({ id }) => id);
      const of = (owner: string) => [earlier, ...fresh].filter((task) => task.owner === owner).map(({ id }) => id);
      expect((await listed('ann')).sort()).toEqual(of('ann').sort());
      expect((await listed('bob')).sort()).toEqual(of('bob').sort());
    });

    it('creates one of two tasks with the same id', async () => {
      const { tasks } = servers.open({ prefix: aPrefix() });
      const first = aFreshTask({ owner: 'ann' });
      const second = { ...first, requestHash: 'f'.repeat(64) };

      const outcomes = await Promise.all([tasks.create(first), tasks.create(second)]);

      expect(outcomes).toEqual([undefined, first]);
      expect(await tasks.get(first.id)).toEqual(first);
    });
  });
}
