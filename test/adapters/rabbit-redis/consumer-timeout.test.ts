import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createRabbitRedisPlatform } from '#platform/rabbit-redis.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';

const SUITE = 'The consumer timeout of RabbitMQ';
const brokers = findBrokers(SUITE);
const SHORT_MS = 1_000;
/** What README.md of the adapters tells those to configure whose RabbitMQ does not honour the queue's own. */
const ADVISED_MS = 604_800_000;

/** Whether queues may set their own, which RabbitMQ lets them since 3.12; it tells its version when it is greeted. */
async function honoursQueues(url: string): Promise<boolean> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.write('AMQP\0\0\u0009\u0001', 'latin1'));
  const [greeting] = await once(socket, 'data');
  socket.destroy();
  const [, major, minor] = /version.{5}(\d+)\.(\d+)/s.exec(String(greeting)) ?? [];
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 12);
}

interface Hold {
  readonly isHeld: boolean;
  readonly honoursQueues: boolean;
}

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const held = async (consumerTimeoutMs: number): Promise<Hold> => {
    const config = [`consumer_timeout = ${consumerTimeoutMs}`];
    // It looks at its consumers once a minute unless told otherwise.
    const starting = startRabbitMq(brokers, config, '-rabbit channel_tick_interval 200');
    const [rabbitmq, redis] = await Promise.all([starting, startRedis(brokers)]);
    const platform = createRabbitRedisPlatform({ amqpUrl: rabbitmq.url, redisUrl: redis.url, pollSeconds: 1 });
    const stopping = new AbortController();
    try {
      const queue = platform.queues('model_a');
      await queue.send({ body: Uint8Array.of(1), group: 'somebody' });
      const consumer = queue.consume({ leaseSeconds: 30, signal: stopping.signal });
      const [delivery] = await consumer.receive(1);
      await sleep(4 * SHORT_MS);
      const isHeld = delivery?.lease.aborted === false;
      await delivery?.ack();
      stopping.abort();
      await consumer.close();
      return { isHeld, honoursQueues: await honoursQueues(rabbitmq.url) };
    } finally {
      await platform.close();
      await Promise.all([rabbitmq.dispose(), redis.dispose()]);
    }
  };

  describe(SUITE, () => {
    it('spares a long task where it is set as advised, and only there or where queues may set it', async () => {
      const [asAdvised, short] = [await held(ADVISED_MS), await held(SHORT_MS)];

      expect(asAdvised.isHeld).toBe(true);
      expect(short.isHeld).toBe(short.honoursQueues);
    }, 90_000);
  });
}
