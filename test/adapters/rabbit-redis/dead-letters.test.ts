import { describe, expect, it, onTestFinished } from 'vitest';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'Dead letters on RabbitMQ';
const brokers = findBrokers(SUITE);
/** After 20 deliveries RabbitMQ 4 drops a message unless its queue says otherwise. */
const CRASHES = 25;

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  describe(SUITE, () => {
    it('outlive whoever takes them and crashes, however often that happens', { timeout: 60_000 }, async () => {
      const prefix = aPrefix();
      const open = () => servers.open({ prefix });
      const queue = open().queues('model_a');
      const consume = (source: 'tasks' | 'dead-letters', platform = open()) => {
        const consumer = platform
          .queues('model_a')
          .consume({ leaseSeconds: 30, signal: new AbortController().signal, source });
        return { consumer, platform };
      };
      await queue.send({ body: Uint8Array.of(7), group: 'somebody' });
      const [task] = await consume('tasks').consumer.receive(1);
      await task?.reject({ code: 'poison', message: 'It cannot be read.' }, 0);

      for (let crash = 1; crash <= CRASHES; crash++) {
        const { consumer, platform } = consume('dead-letters');
        while ((await consumer.receive(1)).length === 0);
        await platform.close();
      }

      const { consumer } = consume('dead-letters');
      const [letter] = await consumer.receive(1);
      expect(letter?.reason).toEqual({ code: 'poison', message: 'It cannot be read.' });
      await letter?.ack();
    });

    it('of many models are taken on one connection, without a warning', async () => {
      const warnings: Error[] = [];
      const onWarning = (warning: Error) => void warnings.push(warning);
      process.on('warning', onWarning);
      onTestFinished(() => void process.off('warning', onWarning));
      const { queues } = servers.open({ prefix: aPrefix() });
      const ended = new AbortController();
      const models = Array.from({ length: 12 }, (_, at) => `model_${at}`);
      const consumers = models.map((model) =>
        queues(model).consume({ leaseSeconds: 30, signal: ended.signal, source: 'dead-letters' }),
      );
      await Promise.all(consumers.map((consumer) => consumer.receive(1)));
      ended.abort();

      expect(warnings).toEqual([]);
    });
  });
}
