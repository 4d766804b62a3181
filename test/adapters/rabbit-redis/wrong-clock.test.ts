import { afterAll, describe, it } from 'vitest';
import { createRabbitRedisPlatform, type RabbitRedisPlatform } from '#platform/rabbit-redis.ts';
import { wrongClockContract } from '#test/contracts/wrong-clock.contract.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'Wrong clocks on Redis';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);
  const prefix = aPrefix();
  const platforms: RabbitRedisPlatform[] = [];
  afterAll(() => Promise.all(platforms.map((platform) => platform.close())));

  wrongClockContract('Redis', async (ownClock) => {
    const urls = { amqpUrl: servers.rabbitmq.url, redisUrl: servers.redis.url };
    const platform = createRabbitRedisPlatform({ ...urls, prefix, pollSeconds: 1 }, ownClock);
    platforms.push(platform);
    await platform.connect();
    return platform;
  });
}
