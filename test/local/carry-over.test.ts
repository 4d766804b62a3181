import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryUserStore } from '#adapters/memory/index.ts';
import { createKey, hashPassword, identifyKey, type User, verifyPassword } from '#core';
import { carryOver } from '#local/users/carry-over.ts';
import { systemClock } from '#platform/platform.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { type RedisServer, startRedis } from '#test/support/redis-server.ts';

const SUITE = 'Users that an earlier build kept in Redis';
const brokers = findBrokers(SUITE);

/** The fields of a hash as that build wrote them. */
const fieldsOf = ({ id, name, role, passwordHash, createdAt, version, credentials, isDisabled }: User) => ({
  ...{ id, name, role, passwordHash, createdAt: String(createdAt), version: String(version) },
  account: JSON.stringify({ isDisabled, credentials }),
});

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server is installed'));
else {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedis(brokers);
  }, 30_000);

  afterAll(() => redis?.dispose());

  /** Users in Redis under a prefix. */
  async function keep(users: readonly User[], prefix: string): Promise<void> {
    const client = await createClient({ url: redis.url }).connect();
    for (const user of users) await client.hSet(`${prefix}:user:${user.id.slice(0, 20)}`, fieldsOf(user));
    await client.set(`${prefix}:task:1`, 'of another kind');
    client.destroy();
  }

  async function earlierUsers() {
    const earlier = new MemoryUserStore();
    const passwordHash = await hashPassword('a long sentence', { ln: 4, r: 8, p: 1 });
    const made = await Promise.all(
      ['Ann', 'bob', 'carl'].map((name) => earlier.create({ name, role: 'operator', passwordHash, createdAt: 7 })),
    );
    const [ann] = made;
    const { secret } = await createKey(earlier, systemClock, { userId: ann?.id ?? '', name: 'ci' });
    const users = await Promise.all(made.flatMap((user) => (user ? earlier.get(user.id) : [])));
    return { users: users.flatMap((user) => user ?? []), secret };
  }

  describe(SUITE, () => {
    it('are carried over with ids, passwords and keys, also by a second run', async () => {
      const { users, secret } = await earlierUsers();
      await keep(users, 'sys*tem');
      await keep(users.slice(0, 1), 'other');
      const target = new MemoryUserStore();

      const first = await carryOver(target, { url: redis.url, prefix: 'sys*tem' });
      const second = await carryOver(target, { url: redis.url, prefix: 'sys*tem' });

      expect(first).toBe('Carried over 3 users; 0 were there already.\n');
      expect(second).toBe('Carried over 0 users; 3 were there already.\n');
      for (const user of users) expect(await target.get(user.id)).toEqual(user);
      const ann = await target.findByName('ann');
      expect(await verifyPassword('a long sentence', ann?.passwordHash ?? '')).toBe(true);
      expect(await identifyKey(target, systemClock, secret)).toMatchObject({ principal: { id: ann?.id } });
    });

    it('are left where others have their names, and named', async () => {
      const { users } = await earlierUsers();
      await keep(users, 'taken');
      const target = new MemoryUserStore();
      await target.create({ name: 'BOB', role: 'user', passwordHash: '', createdAt: 1 });

      await expect(carryOver(target, { url: redis.url, prefix: 'taken' })).rejects.toThrow(/^Carried over 2 .*bob \(/s);
    });

    it('cannot be read from a server that does not answer: one sentence without the password', async () => {
      const refused = carryOver(new MemoryUserStore(), { url: 'redis://u:secret@127.0.0.1:1/0' });

      await expect(refused).rejects.toThrow('Redis cannot be read. Check the URL.');
    });
  });
}
