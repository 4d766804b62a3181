import { describe, expect, it, onTestFinished } from 'vitest';
import { LeasedChannel } from '#adapters/rabbit-redis/queue/leased-channel.ts';
import { RabbitLink } from '#adapters/rabbit-redis/queue/rabbit-link.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'a channel with leased messages';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  describe(SUITE, () => {
    it('refuses acknowledgements as unavailable from the moment it closes, before the broker has confirmed that', async () => {
      const link = new RabbitLink({ url: servers.rabbitmq.url, name: 'test', heartbeatSeconds: 30 });
      onTestFinished(() => link.close());
      const channel = await link.channel();
      const { queue } = await channel.queueDeclare({ exclusive: true });
      await channel.basicPublish(queue, 'a message');
      const leased = new LeasedChannel({
        ...{ link, channel, lanes: [queue], leaseMs: 30_000, heartbeatMs: 30_000, observer: undefined },
        ...{ onMessage: () => undefined, hasRequest: () => false, onLost: () => undefined },
      });
      const message = { deliveryTag: 1, loseLease: () => undefined };
      leased.hold(message);

      const closing = leased.close();
      const refusal = leased.ack(message);

      await expect(refusal).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true });
      await closing;
    });
  });
}
