import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HeldCounts, RabbitConnections, RabbitTaskQueue, RedisLink } from '#adapters/rabbit-redis/index.ts';
import { type Delivery, unavailable } from '#core';
import { systemClock } from '#platform/platform.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'While RabbitMQ hands out messages and takes none';
const brokers = findBrokers(SUITE);
const COUNT = 12;
const LEASE_SECONDS = 1;
const TOO_LATE_MS = 15_000;

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  /**
   * A queue with some messages, and a publisher that can be taken away, as an alarm of RabbitMQ or a slow reconnect
   * does.
   */
  async function open() {
    const connections = new RabbitConnections({ url: servers.rabbitmq.url });
    const link = new RedisLink({ url: servers.redis.url });
    const prefix = aPrefix();
    const counts = new HeldCounts({ link, prefix, clock: systemClock });
    const queue = new RabbitTaskQueue({ connections, counts, prefix, model: 'model_a', pollMs: 200 });
    const stop = new AbortController();
    // A loop of a test that has failed must not outlive it.
    const ending = AbortSignal.any([stop.signal, AbortSignal.timeout(TOO_LATE_MS)]);
    for (let number = 0; number < COUNT; number++) await queue.send({ body: Uint8Array.of(number), group: 'somebody' });
    const consumer = queue.consume({ leaseSeconds: LEASE_SECONDS, signal: stop.signal });
    onTestFinished(async () => {
      stop.abort();
      await consumer.close();
      await connections.close();
      await link.close();
    });
    const takeAway = () => {
      const refusal = unavailable('queue_unavailable', 'RabbitMQ takes no messages.', undefined);
      const publish = vi.spyOn(connections.publisher, 'publish').mockRejectedValue(refusal);
      return { refusals: () => publish.mock.calls.length, giveBack: () => publish.mockRestore() };
    };
    /** Asks so often that more comes in than is asked for. */
    async function take(count: number): Promise<Delivery[]> {
      const taken: Delivery[] = [];
      while (taken.length < count) {
        ending.throwIfAborted();
        const [delivery] = await consumer.receive(1);
        if (delivery) taken.push(delivery);
      }
      return taken;
    }
    return { take, queue, takeAway };
  }

  describe(SUITE, () => {
    it('what nobody has asked for yet is kept for who asks next, and nothing loses its lease', async () => {
      const { take, queue, takeAway } = await open();
      const held: Delivery[] = [];
      for (const delivery of await take(5)) {
        if (held.length === 0) held.push(delivery);
        else await delivery.ack();
      }
      const { refusals, giveBack } = takeAway();
      await vi.waitFor(() => expect(refusals()).toBeGreaterThan(0), { timeout: 5_000 });

      const rest = await take(COUNT - 5);
      giveBack();

      expect(held[0]?.lease.aborted).toBe(false);
      expect(rest.map(({ fence }) => fence)).toEqual(rest.map(() => 1));
      await Promise.all([...held, ...rest].map((delivery) => delivery.ack()));
      await vi.waitFor(async () => expect(await queue.depth()).toMatchObject({ visible: 0, inFlight: 0 }), {
        timeout: 20_000,
      });
    });

    it.each([
      ['retry', (delivery: Delivery) => delivery.retry({ attempts: 1 })],
      ['release', (delivery: Delivery) => delivery.release()],
      ['reject', (delivery: Delivery) => delivery.reject({ code: 'timeout', message: 'Too long.' }, 1)],
    ])('a message whose %s is refused comes back when its lease ends', async (_, settle) => {
      const { take, queue, takeAway } = await open();
      const [first, ...others] = await take(COUNT);
      const { giveBack } = takeAway();

      await expect(first && settle(first)).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true });
      const [again] = await take(1);
      giveBack();

      expect(first?.lease.aborted).toBe(true);
      expect(again).toMatchObject({ body: first?.body, fence: 2 });
      expect(others.map(({ lease }) => lease.aborted)).toEqual(others.map(() => false));
      await Promise.all([...others, ...(again ? [again] : [])].map((delivery) => delivery.ack()));
      await vi.waitFor(async () => expect(await queue.depth()).toMatchObject({ visible: 0, inFlight: 0 }), {
        timeout: 20_000,
      });
    });

    it('a message that is settled after all keeps its lease', async () => {
      const { take, takeAway } = await open();
      const [first, ...others] = await take(COUNT);
      const { giveBack } = takeAway();
      await expect(first?.retry({ attempts: 1 })).rejects.toMatchObject({ code: 'queue_unavailable' });
      giveBack();

      await first?.retry({ attempts: 1, delaySeconds: 1 });
      const [again] = await take(1);

      expect(again).toMatchObject({ body: first?.body, fence: 2 });
      expect([first, ...others].map((delivery) => delivery?.lease.aborted)).toEqual(
        others.map(() => false).concat(false),
      );
    });
  });
}
