import { createClient } from 'redis';
import { describe, expect, it } from 'vitest';
import { CALL_RETENTION_MS } from '#core';
import { blobStoreContract } from '#test/contracts/blob-store.contract.ts';
import { callLogContract } from '#test/contracts/call-log.contract.ts';
import { contractStoreContract } from '#test/contracts/contract-store.contract.ts';
import { modelRegistryContract } from '#test/contracts/model-registry.contract.ts';
import { taskStoreContract } from '#test/contracts/task-store.contract.ts';
import { userStoreContract } from '#test/contracts/user-store.contract.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aCall } from '#test/support/calls.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'Store contracts on Redis';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);
  const open = () => servers.openBehindGate({ prefix: aPrefix() });

  taskStoreContract('Redis', async () => {
    const { platform, cutOff } = await open();
    return { store: platform.tasks, cutOff };
  });

  modelRegistryContract('Redis', async () => {
    const { platform, cutOff } = await open();
    return { registry: platform.registry, cutOff };
  });

  contractStoreContract('Redis', async () => {
    const { platform, cutOff } = await open();
    return { contracts: platform.contracts, cutOff };
  });

  blobStoreContract('Redis', async () => {
    const { platform, cutOff } = await open();
    return { blobs: platform.blobs, cutOff };
  });

  userStoreContract('Redis', async () => {
    const { platform, cutOff } = await open();
    return { users: platform.users, cutOff };
  });

  callLogContract('Redis', async () => {
    const { platform, cutOff } = await open();
    return { calls: platform.calls, cutOff };
  });

  /** A platform with keys of its own, and a look at them. */
  async function openWithRedis() {
    const prefix = aPrefix();
    const redis = createClient({ url: servers.redis.url });
    await redis.connect();
    return { platform: servers.open({ prefix }), prefix, redis, [Symbol.asyncDispose]: () => redis.close() };
  }

  describe('users and calls in Redis', () => {
    it('keeps users for good, and calls until the last one has expired', async () => {
      await using opened = await openWithRedis();
      const { platform, prefix, redis } = opened;
      const user = await platform.users.create({ name: 'ann', role: 'user', passwordHash: 'h', createdAt: 1 });
      const owner = user?.id ?? '';

      await platform.calls.append([aCall({ owner })]);
      const expiries = await Promise.all((await redis.keys(`${prefix}:*`)).map((key) => redis.pTTL(key)));

      const [forGood, untilExpired = 0] = expiries.toSorted((a, b) => a - b);
      expect(expiries).toHaveLength(2);
      expect(forGood).toBe(-1);
      expect(untilExpired).toBeGreaterThan(CALL_RETENTION_MS - 60_000);
      expect(untilExpired).toBeLessThanOrEqual(CALL_RETENTION_MS);
    });

    it('does not list a call that has expired since it was recorded', async () => {
      await using opened = await openWithRedis();
      const { platform, prefix, redis } = opened;
      const call = aCall({ owner: 'away' });
      const expired = aCall({ owner: 'away', startedAt: call.startedAt - CALL_RETENTION_MS - 1 });
      await platform.calls.append([call]);

      await redis.zAdd(`${prefix}:calls:away`, {
        score: expired.startedAt,
        value: `${expired.id}\n${JSON.stringify(expired)}`,
      });

      expect(await platform.calls.list({ owner: 'away', limit: 1 })).toEqual({ calls: [call] });
    });

    it('makes room for new calls of an owner by forgetting the oldest', async () => {
      await using opened = await openWithRedis();
      const { platform, prefix, redis } = opened;
      const startedAt = Date.now() - 1_000_000;
      const crowd = Array.from({ length: 100_000 }, (_, index) => ({
        score: startedAt + index,
        value: `c${index}\n{"owner":"busy"}`,
      }));
      for (let index = 0; index < crowd.length; index += 10_000) {
        await redis.zAdd(`${prefix}:calls:busy`, crowd.slice(index, index + 10_000));
      }

      await platform.calls.append([aCall({ owner: 'busy' }), aCall({ owner: 'busy' })]);

      const kept = await redis.zRange(`${prefix}:calls:busy`, 0, 0);
      expect(await redis.zCard(`${prefix}:calls:busy`)).toBe(100_000);
      expect(kept).toEqual([`c2\n{"owner":"busy"}`]);
      expect((await platform.calls.list({ owner: 'busy', limit: 2 })).calls).toHaveLength(2);
    });

    it('takes more calls at once than one script has room for', async () => {
      await using opened = await openWithRedis();
      const { calls } = opened.platform;
      const many = Array.from({ length: 2_500 }, (_, index) =>
        aCall({ owner: 'swarm', startedAt: Date.now() - index }),
      );

      await calls.append(many);

      expect(await opened.redis.zCard(`${opened.prefix}:calls:swarm`)).toBe(2_500);
    });
  });
}
