import { Connection } from 'rabbitmq-client';
import { describe, expect, it } from 'vitest';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'Queues on RabbitMQ that another version created';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  describe(SUITE, () => {
    it('are told of in one sentence, and used again once they are deleted', { timeout: 60_000 }, async () => {
      const prefix = aPrefix();
      const connection = new Connection(servers.rabbitmq.url);
      await connection.queueDeclare({
        queue: `${prefix}.model_a.dead-letters`,
        durable: true,
        arguments: { 'x-queue-type': 'quorum' },
      });
      const queue = servers.open({ prefix }).queues('model_a');
      const consumer = queue.consume({ leaseSeconds: 30, signal: new AbortController().signal });
      const send = () => queue.send({ body: Uint8Array.of(7), group: 'somebody' });
      const refused = {
        code: 'queue_unavailable',
        retryable: false,
        message: expect.stringMatching(
          /^RabbitMQ has queues of this model with the arguments of another version\. .*\.$/,
        ),
      };

      await expect(send()).rejects.toMatchObject(refused);
      await expect(consumer.receive(1)).rejects.toMatchObject(refused);

      await connection.queueDelete(`${prefix}.model_a.dead-letters`);
      await connection.close();
      await send();
      const [task] = await consumer.receive(1);
      expect(task?.fence).toBe(1);
      await task?.ack();
      await consumer.close();
    });
  });
}
