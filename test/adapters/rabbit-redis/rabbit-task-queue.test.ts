import { describe, it } from 'vitest';
import { taskQueueContract } from '#test/contracts/task-queue.contract.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'TaskQueue contract on RabbitMQ';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  taskQueueContract('RabbitMQ', async () => {
    const prefix = aPrefix();
    const { platform, cutOff } = await servers.openBehindGate({ prefix });
    return { queue: platform.queues('model_a'), elsewhere: servers.open({ prefix }).queues('model_a'), cutOff };
  });
}
