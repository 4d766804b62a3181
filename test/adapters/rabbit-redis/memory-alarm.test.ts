import { describe, expect, it, onTestFinished } from 'vitest';
import { createRabbitRedisPlatform } from '#platform/rabbit-redis.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';

const SUITE = 'A RabbitMQ that is short of memory';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  describe(SUITE, () => {
    it('is told of once, and takes nothing: not ready, and what is sent is refused', { timeout: 60_000 }, async () => {
      const told: string[] = [];
      const starting = startRabbitMq(brokers, ['vm_memory_high_watermark.absolute = 1MB']);
      const [rabbitmq, redis] = await Promise.all([starting, startRedis(brokers)]);
      const urls = { amqpUrl: rabbitmq.url, redisUrl: redis.url };
      const platform = createRabbitRedisPlatform({ ...urls, onTrouble: (message) => told.push(message) });
      onTestFinished(async () => {
        await platform.close();
        await Promise.all([rabbitmq.dispose(), redis.dispose()]);
      });
      const send = () => platform.queues('model_a').send({ body: Uint8Array.of(1), group: 'somebody' });
      const refused = {
        code: 'queue_unavailable',
        retryable: true,
        message: 'RabbitMQ is short of memory or disk and accepts no messages.',
      };

      // It says so to whoever sends first, and never answers that.
      await expect(send()).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true });

      await expect(send()).rejects.toMatchObject(refused);
      await expect(platform.check?.()).rejects.toMatchObject(refused);
      expect(told).toEqual([expect.stringMatching(/^RabbitMQ at [\d.:]+ takes no messages: low on memory\.$/)]);
    });
  });
}
