import { Connection } from 'rabbitmq-client';
import { createClient } from 'redis';
import { describe, it, onTestFinished } from 'vitest';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { useOwnRabbitRedis } from '#test/support/rabbit-redis.ts';
import { MODEL } from './data-set.ts';
import { readFixture } from './fixture.ts';
import { loadRabbitRedis, PREFIX, type RabbitRedisLeft } from './rabbit-redis.ts';
import { upgradeContract } from './upgrade.contract.ts';

const SUITE = 'An upgrade on RabbitMQ + Redis';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useOwnRabbitRedis(brokers);

  upgradeContract('RabbitMQ + Redis', async () => {
    const urls = { redisUrl: servers.redis.url, amqpUrl: servers.rabbitmq.url };
    const platform = servers.open({ prefix: PREFIX });
    const queue = platform.queues(MODEL);
    // Creates the queues, with the settings that they have had since.
    await queue.depth();
    await loadRabbitRedis(urls, readFixture<RabbitRedisLeft>('rabbit-redis'));
    onTestFinished(async () => {
      await platform.close();
      await empty(urls);
    });
    return platform;
  });
}

/** The ids and the names of the data set are fixed, so the next test needs empty servers. */
async function empty({ redisUrl, amqpUrl }: { readonly redisUrl: string; readonly amqpUrl: string }): Promise<void> {
  const redis = await createClient({ url: redisUrl }).connect();
  await redis.flushAll();
  await redis.close();
  const rabbitmq = new Connection(amqpUrl);
  for (const kind of ['tasks', 'dead-letters']) await rabbitmq.queuePurge(`${PREFIX}.${MODEL}.${kind}`);
  await rabbitmq.close();
}
