import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'Messages that are given back to RabbitMQ';
const brokers = findBrokers(SUITE);
/** Longer than a consumer keeps messages that were not received. */
const RUN_MS = 200;
const BACKLOG = 60;
const RUNS = 8;

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  describe(SUITE, () => {
    it('keep their place in the order of turns', async () => {
      const queue = servers.open({ prefix: aPrefix() }).queues('model_a');
      const consumer = queue.consume({ leaseSeconds: 60, signal: new AbortController().signal });
      const order: string[] = [];
      const receive = async (max: number) => {
        const deliveries = await consumer.receive(max);
        for (const delivery of deliveries) {
          order.push(Buffer.from(delivery.body).toString());
          await delivery.ack();
        }
      };
      for (let at = 0; at < BACKLOG; at++) await queue.send({ body: Buffer.from(`A${at}`), group: 'A' });
      // Of another owner, so that the consumer compares lanes and fetches more than it runs.
      await queue.send({ body: Buffer.from('B0'), group: 'B' });

      for (let at = 0; at < RUNS; at++) {
        await receive(1);
        await sleep(RUN_MS);
      }
      await queue.send({ body: Buffer.from('C0'), group: 'C' });
      while (order.length < BACKLOG + 2) await receive(4);
      await consumer.close();

      const backlog = order.filter((name) => name.startsWith('A')).map((name) => Number(name.slice(1)));
      const late = backlog.map((number, at) => Math.abs(number - at));
      expect(Math.max(...late)).toBeLessThanOrEqual(4);
      expect(order.indexOf('C0')).toBeLessThanOrEqual(RUNS + 6);
    });
  });
}
