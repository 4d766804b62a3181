import { createClient } from 'redis';
import { describe, it } from 'vitest';
import { rabbitRedisEnvironment } from '#platform/rabbit-redis.ts';
import { registryOutageContract } from '#test/contracts/registry-outage.contract.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { openRedisKeyGate } from '#test/support/redis-key-gate.ts';

const SUITE = 'An outage of the registry, on RabbitMQ + Redis';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  registryOutageContract('RabbitMQ + Redis', async () => {
    const prefix = aPrefix();
    const keys = ['models', 'instances', 'instances-heard'].map((name) => `${prefix}:${name}`);
    const gate = await openRedisKeyGate(servers.redis.url, (key) => keys.includes(key));
    const settings = { amqpUrl: servers.rabbitmq.url, redisUrl: gate.url, prefix, pollSeconds: 1 };
    return {
      platform: servers.open(settings),
      environment: rabbitRedisEnvironment(settings),
      gate,
      async forget(model, instance) {
        const client = await createClient({ url: servers.redis.url }).connect();
        await client.hDel(`${prefix}:models`, model);
        await client.hDel(`${prefix}:instances`, `${model}/${instance}`);
        client.destroy();
      },
    };
  });
}
