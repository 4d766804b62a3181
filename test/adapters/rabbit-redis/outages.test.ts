import { describe, expect, it, vi } from 'vitest';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { openGate } from '#test/support/gate.ts';
import { aPrefix, useOwnRabbitRedis } from '#test/support/rabbit-redis.ts';
import { startRedis } from '#test/support/redis-server.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const SUITE = 'Outages of RabbitMQ and Redis';
const brokers = findBrokers(SUITE);
const message = (number: number) => ({ body: Uint8Array.of(number), group: 'somebody' });
const PATIENCE = { timeout: 20_000, interval: 100 };

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useOwnRabbitRedis(brokers);

  describe(SUITE, () => {
    it('keeps every task through a restart of RabbitMQ, those that wait for a delay included', async () => {
      const platform = servers.open({ prefix: aPrefix() });
      const queue = platform.queues('model_a');
      const stopping = new AbortController();
      await Promise.all(Array.from({ length: 20 }, (_, number) => queue.send(message(number))));
      const consumer = queue.consume({ leaseSeconds: 30, signal: stopping.signal });
      const [held, delayed] = [...(await consumer.receive(1)), ...(await consumer.receive(1))];
      await delayed?.retry({ attempts: 1, delaySeconds: 5 });

      await servers.rabbitmq.restart();
      const fences = new Map<number, number>();
      while (fences.size < 20) {
        for (const delivery of await consumer.receive(10).catch(() => [])) {
          fences.set(delivery.body[0] ?? -1, delivery.fence);
          await delivery.ack();
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }

      expect(held?.lease.aborted).toBe(true);
      expect(fences.get(held?.body[0] ?? -1)).toBe(2);
      expect(fences.get(delayed?.body[0] ?? -1)).toBe(2);
      expect(Math.max(...fences.values())).toBe(2);
      stopping.abort();
      await consumer.close();
    });

    it('refuses to send while RabbitMQ is away, and sends again when it is back', async () => {
      const queue = servers.open({ prefix: aPrefix() }).queues('model_a');
      await queue.send(message(1));

      await servers.rabbitmq.stop();
      await expect(queue.send(message(2))).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true });
      await servers.rabbitmq.start();

      await vi.waitFor(() => queue.send(message(3)), PATIENCE);
      await vi.waitFor(async () => expect((await queue.depth()).visible).toBe(2), PATIENCE);
    });

    it('keeps tasks, and wakes who waits, through a restart of Redis', async () => {
      const platform = servers.open({ prefix: aPrefix() });
      const task = aFreshTask();
      await platform.tasks.create(task);
      // Redis may go while it is still being asked, which is told like any other outage.
      const waiting = platform.tasks.untilEnded?.(task.id, new AbortController().signal).catch(() => undefined);

      await servers.redis.stop();
      await expect(platform.tasks.get(task.id)).rejects.toMatchObject({ code: 'store_unavailable', retryable: true });
      await servers.redis.start();
      // Nobody knows what happened meanwhile, so whoever waits looks again.
      await waiting;
      await vi.waitFor(() => platform.tasks.apply(task.id, { type: 'canceled', at: 1 }), PATIENCE);

      expect(await platform.tasks.get(task.id)).toMatchObject({ state: 'canceled' });
      await platform.tasks.untilEnded?.(task.id, new AbortController().signal);
    });

    it('makes connections to Redis anew that the network has swallowed, for those who wait, too', async () => {
      const gate = await openGate(servers.redis.url);
      const prefix = aPrefix();
      const platform = servers.open({ prefix, redisUrl: gate.url });
      const [task, another] = [aFreshTask(), aFreshTask()];
      await platform.tasks.create(task);
      const waiting = platform.tasks.untilEnded?.(task.id, new AbortController().signal);
      await platform.tasks.create(another);

      gate.swallow();
      await expect(platform.tasks.get(task.id)).rejects.toMatchObject({ code: 'store_unavailable', retryable: true });
      await waiting;

      await vi.waitFor(async () => expect(await platform.tasks.get(task.id)).toEqual(task), PATIENCE);
      const heard = platform.tasks.untilEnded?.(another.id, new AbortController().signal);
      await servers.open({ prefix }).tasks.apply(another.id, { type: 'canceled', at: 1 });
      await heard;
      await platform.close();
      await gate.shut();
    }, 60_000);

    it('makes a connection to Redis anew that the network has swallowed before Redis has said a word', async () => {
      const gate = await openGate(servers.redis.url);
      const platform = servers.open({ prefix: aPrefix(), redisUrl: gate.url });

      gate.stall();
      await expect(platform.tasks.get('t')).rejects.toMatchObject({ code: 'store_unavailable', retryable: true });
      gate.swallow();
      gate.resume();

      await vi.waitFor(async () => expect(await platform.tasks.get('t')).toBeUndefined(), PATIENCE);
      await platform.close();
      await gate.shut();
    }, 60_000);

    it('says that Redis has no memory left, and still reads and withdraws', async () => {
      const redis = await startRedis(brokers, ['--maxmemory', '3mb']);
      try {
        const platform = servers.open({ prefix: aPrefix(), redisUrl: redis.url });
        const task = aFreshTask();
        await platform.tasks.create(task);
        const fill = async (size: number) => {
          for (let i = 0; i < 3000; i++) await platform.blobs.put(`requests/${size}/${i}`, new Uint8Array(size));
        };
        const refused = {
          code: 'store_unavailable',
          retryable: true,
          message: 'Redis is out of memory and accepts no writes.',
        };

        for (const size of [100_000, 1_000, 10]) await expect(fill(size)).rejects.toMatchObject(refused);
        await expect(platform.tasks.create(aFreshTask())).rejects.toMatchObject(refused);

        expect(await platform.tasks.get(task.id)).toEqual(task);
        await platform.tasks.withdraw({ ...task, createdAt: task.createdAt + 1 });
        expect(await platform.tasks.get(task.id)).toEqual(task);
        await platform.tasks.withdraw(task);
        expect(await platform.tasks.get(task.id)).toBeUndefined();
        expect((await platform.tasks.list({ owner: task.owner, limit: 10 })).tasks).toEqual([]);
        await platform.close();
      } finally {
        await redis.dispose();
      }
    });

    it('names the server that stays away, and no password', async () => {
      const amqpUrl = 'amqp://somebody:secret@127.0.0.1:1';
      const redisUrl = 'redis://somebody:secret@127.0.0.1:1';

      await expect(servers.open({ amqpUrl, connectSeconds: 1 }).connect()).rejects.toThrow(
        /^RabbitMQ at 127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:1\.$/,
      );
      await expect(servers.open({ redisUrl, connectSeconds: 1 }).connect()).rejects.toThrow(
        /^Redis at 127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:1\.$/,
      );
    });
  });
}
