import { describe, it } from 'vitest';
import { blockedModelContract } from '#test/contracts/blocked-model.contract.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'RabbitMQ + Redis';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);
  blockedModelContract(SUITE, async () => servers.open({ prefix: aPrefix() }));
}
