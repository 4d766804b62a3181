import { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'Packets to RabbitMQ';
const brokers = findBrokers(SUITE);
const TOGETHER = 20;

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  /** Counts how often something is written to RabbitMQ from now on. */
  function countWrites(): () => number {
    const port = Number(new URL(servers.rabbitmq.url).port);
    const spies = (['_write', '_writev'] as const).map((method) => vi.spyOn(Socket.prototype, method));
    const sockets = () => spies.flatMap(({ mock }) => mock.contexts as Socket[]);
    return () => sockets().filter(({ remotePort }) => remotePort === port).length;
  }

  afterEach(() => {
    vi.restoreAllMocks();
  });

  describe(SUITE, () => {
    it('carry all messages that are sent, and all that are settled, at one time', async () => {
      const queue = servers.open({ prefix: aPrefix() }).queues('model_a');
      const send = () => queue.send({ body: Uint8Array.of(1), group: 'somebody' });
      const stop = new AbortController();
      const consumer = queue.consume({ leaseSeconds: 30, signal: stop.signal });
      await send();
      const held = [...(await consumer.receive(1))];
      const countSoFar = countWrites();

      await Promise.all(Array.from({ length: TOGETHER }, send));
      const sending = countSoFar();
      while (held.length <= TOGETHER) held.push(...(await consumer.receive(TOGETHER + 1 - held.length)));
      const before = countSoFar();
      await Promise.all(held.map((delivery) => delivery.ack()));
      const settling = countSoFar() - before;

      // A heartbeat may fall between.
      expect(sending).toBeLessThanOrEqual(2);
      expect(settling).toBeLessThanOrEqual(2);
      stop.abort();
      await consumer.close();
    });
  });
}
