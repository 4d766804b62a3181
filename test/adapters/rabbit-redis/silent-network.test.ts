import { describe, expect, it, vi } from 'vitest';
import {
  HeldCounts,
  RabbitConnections,
  RabbitTaskQueue,
  RedisLink,
  RedisTaskStore,
} from '#adapters/rabbit-redis/index.ts';
import { systemClock } from '#platform/platform.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { openGate } from '#test/support/gate.ts';
import { pseudoRandom } from '#test/support/pseudo-random.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { aFreshTask, aResult } from '#test/support/tasks.ts';
import { deliverThroughSilences } from '#test/torture/links/silent-broker.ts';
import { askThroughSilences } from '#test/torture/links/silent-links.ts';

const SUITE = 'Links to Redis and RabbitMQ while the network is silent';
const brokers = findBrokers(SUITE);
/** `npm run torture:links` runs the same with the limits of production and silences of 15 to 35 seconds. */
const TIMINGS = { connectMs: 300, pingIntervalMs: 100, answerMs: 200 };
const SEED = 7;
const PATIENCE = { timeout: 20_000, interval: 50 };

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  describe(SUITE, { timeout: 120_000 }, () => {
    it('never take the reply to another command, and hold one connection each', async () => {
      const gate = await openGate(servers.redis.url);
      gate.delay(5);

      const report = await askThroughSilences({
        gate,
        links: 12,
        connectionsPerLink: 1,
        silenceMs: [300, 1500],
        rounds: 3,
        answers: 20_000,
        random: pseudoRandom(SEED),
        openLink() {
          const link = new RedisLink({ url: gate.url, timings: TIMINGS });
          return { ask: async (question) => (await link.text()).echo(question), close: () => link.close() };
        },
      });

      expect(report).toMatchObject({ wrong: 0, connections: 12, connectionsAfterClose: 0 });
      expect(report.answers).toBeGreaterThanOrEqual(20_000);
      expect(report.refused).toBeGreaterThan(0);
      await gate.shut();
    });

    it('never take the confirmation of another message, or acknowledge one that another connection delivered', async () => {
      const gate = await openGate(servers.rabbitmq.url);
      gate.delay(5);
      const prefix = aPrefix();
      const link = new RedisLink({ url: servers.redis.url });
      const counts = new HeldCounts({ link, prefix, clock: systemClock });

      const report = await deliverThroughSilences({
        gate,
        queues: 4,
        connectionsPerQueue: 2,
        leaseSeconds: 6,
        silenceMs: [1_000, 5_000],
        rounds: 2,
        random: pseudoRandom(SEED),
        openQueue() {
          const connections = new RabbitConnections({ url: gate.url, heartbeatSeconds: 1 });
          const queue = new RabbitTaskQueue({ connections, counts, prefix, model: 'model_a', pollMs: 1_000 });
          return { queue, close: () => connections.close() };
        },
      });

      expect(report).toMatchObject({ lost: 0, connections: 8, connectionsAfterClose: 0 });
      expect(report.confirmed).toBeGreaterThan(500);
      // Delivery is at least once: a busy broker may return what it has acknowledged when the connection ends.
      expect(report.returned).toBeLessThan(report.confirmed / 10);
      expect(report.refused).toBeGreaterThan(0);
      await link.close();
      await gate.shut();
    });

    it('hear news of ended tasks again, over one connection more', async () => {
      const gate = await openGate(servers.redis.url);
      const link = new RedisLink({ url: gate.url, timings: TIMINGS });
      const store = new RedisTaskStore({ link, prefix: aPrefix(), clock: systemClock });
      /** Only who began within hearing, and then heard of the end, gets the task without a read. */
      const hears = async () => {
        const task = aFreshTask();
        await store.create(task);
        const heard = store.untilEnded(task.id, AbortSignal.timeout(1_000));
        await store.apply(task.id, { type: 'succeeded', fence: 1, attempts: 1, startedAt: 1, at: 2, result: aResult });
        expect(await heard).toMatchObject({ id: task.id, state: 'succeeded' });
      };
      await vi.waitFor(hears, PATIENCE);

      gate.stall();
      await vi.waitFor(() => expect(store.check()).rejects.toThrow(), PATIENCE);
      gate.resume();

      await vi.waitFor(hears, PATIENCE);
      await expect.poll(() => gate.connections, PATIENCE).toBe(2);
      store.close();
      await link.close();
      await expect.poll(() => gate.connections, PATIENCE).toBe(0);
      await gate.shut();
    });
  });
}
