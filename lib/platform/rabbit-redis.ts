import {
  HeldCounts,
  queuesOf,
  RabbitConnections,
  RabbitTaskQueue,
  RedisBlobStore,
  RedisCallLog,
  RedisClockReader,
  RedisContractStore,
  RedisLink,
  RedisModelRegistry,
  RedisTaskStore,
  RedisUserStore,
} from '#adapters/rabbit-redis/index.ts';
import { type Clock, StoreClock } from '#core';
import type { FullPlatform } from './platform.ts';
import type { RabbitRedisSettings } from './rabbit-redis-settings.ts';
import { systemClock } from './system-clock.ts';

export {
  type RabbitRedisSettings,
  rabbitRedisEnvironment,
  rabbitRedisSettingsFrom,
} from './rabbit-redis-settings.ts';

export interface RabbitRedisPlatform extends FullPlatform {
  /** Resolves when both servers answer. Rejects with one sentence that names the server that did not answer in time. */
  connect(): Promise<void>;
}

const DEFAULT_PREFIX = 'modelyard';

/** The name of a model's task queue. */
export const rabbitTaskQueueOf = ({ prefix = DEFAULT_PREFIX }: RabbitRedisSettings, model: string): string =>
  queuesOf(prefix, model).tasks;

/** Task queues on RabbitMQ, everything else on Redis. Connects at first use. */
export function createRabbitRedisPlatform(
  settings: RabbitRedisSettings,
  ownClock: Clock = systemClock,
): RabbitRedisPlatform {
  const { amqpUrl, redisUrl, prefix = DEFAULT_PREFIX, pollSeconds = 20, connectSeconds = 30, onTrouble } = settings;
  const trouble = onTrouble === undefined ? {} : { onTrouble };
  const clock = new StoreClock(ownClock);
  const connections = new RabbitConnections({ url: amqpUrl, ...trouble });
  const link = new RedisLink({ url: redisUrl, ...trouble });
  const stores = { link, prefix, clock };
  const counts = new HeldCounts(stores);
  const tasks = new RedisTaskStore(stores);
  const clockReader = new RedisClockReader(link, clock);
  return {
    queues: (model) => new RabbitTaskQueue({ connections, counts, prefix, model, pollMs: pollSeconds * 1000 }),
    tasks,
    blobs: new RedisBlobStore(stores),
    registry: new RedisModelRegistry(stores),
    contracts: new RedisContractStore(stores),
    users: new RedisUserStore(stores),
    calls: new RedisCallLog(stores),
    clock,
    async connect() {
      const patienceMs = connectSeconds * 1000;
      await Promise.all([connections.publishing.connect(patienceMs), link.connect(patienceMs)]);
      await clockReader.start();
    },
    async check() {
      await Promise.all([connections.check(), tasks.check()]);
    },
    async close() {
      clockReader.stop();
      await connections.close();
      tasks.close();
      await link.close();
    },
  };
}
