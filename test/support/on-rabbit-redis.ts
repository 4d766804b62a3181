import { afterAll, describe, it } from 'vitest';
import { findBrokers } from './broker-binaries.ts';
import { surroundSystems } from './embedded-system.ts';
import { aPrefix, useRabbitRedis } from './rabbit-redis.ts';

/** Runs the tests of another file on RabbitMQ + Redis. `more`: further environment, read when a system starts. */
export async function onRabbitRedis(
  suite: string,
  register: () => Promise<unknown>,
  more: () => Readonly<Record<string, string>> = () => ({}),
): Promise<void> {
  const name = `${suite}, on RabbitMQ + Redis`;
  const brokers = findBrokers(name);
  if (!brokers) {
    describe(name, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
    return;
  }
  const servers = useRabbitRedis(brokers);
  const leave = surroundSystems(() => ({
    args: ['--platform', 'rabbit-redis'],
    environment: {
      PLATFORM: 'rabbit-redis',
      AMQP_URL: servers.rabbitmq.url,
      REDIS_URL: servers.redis.url,
      MODELYARD_POLL_SECONDS: '1',
      // Systems of one file share the servers but not their data.
      MODELYARD_PREFIX: aPrefix(),
      ...more(),
    },
  }));
  // Files that run later in this process share the module.
  afterAll(leave);
  await register();
}
