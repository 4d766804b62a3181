import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import {
  createRabbitRedisPlatform,
  type RabbitRedisPlatform,
  type RabbitRedisSettings,
} from '#platform/rabbit-redis.ts';
import type { BrokerBinaries } from './broker-binaries.ts';
import { openGate } from './gate.ts';
import { type RabbitMqServer, startRabbitMq } from './rabbitmq-server.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { sharedRabbitMq } from './shared-rabbitmq.ts';

/** Real servers for the tests of one file, and platforms on them. */
export interface RabbitRedis<Rabbit = Pick<RabbitMqServer, 'url'>> {
  readonly rabbitmq: Rabbit;
  readonly redis: RedisServer;
  /** A platform of its own connections, closed with the file. */
  open(overrides?: Partial<RabbitRedisSettings>): RabbitRedisPlatform;
  /** A platform that can be cut off from its servers. */
  openBehindGate(
    overrides?: Partial<RabbitRedisSettings>,
  ): Promise<{ readonly platform: RabbitRedisPlatform; cutOff(): Promise<void> }>;
}

const shared = async () => ({ url: await sharedRabbitMq(), dispose: async () => undefined });

/**
 * Call at the top of a test file; the servers can be used from `beforeAll` on. Redis is the file's own, RabbitMQ that of
 * the run.
 */
export const useRabbitRedis = (binaries: BrokerBinaries): RabbitRedis => useServers(binaries, shared);

/** For tests that stop RabbitMQ: both servers live as long as the tests of the file. */
export const useOwnRabbitRedis = (binaries: BrokerBinaries): RabbitRedis<RabbitMqServer> =>
  useServers(binaries, () => startRabbitMq(binaries));

function useServers<Rabbit extends Pick<RabbitMqServer, 'url' | 'dispose'>>(
  binaries: BrokerBinaries,
  openRabbitMq: () => Promise<Rabbit>,
): RabbitRedis<Rabbit> {
  let rabbitmq: Rabbit;
  let redis: RedisServer;
  const platforms: RabbitRedisPlatform[] = [];
  const gates: { shut(): Promise<void> }[] = [];

  function open(overrides: Partial<RabbitRedisSettings> = {}): RabbitRedisPlatform {
    const urls = { amqpUrl: rabbitmq.url, redisUrl: redis.url };
    const platform = createRabbitRedisPlatform({ ...urls, pollSeconds: 1, ...overrides });
    platforms.push(platform);
    return platform;
  }

  beforeAll(async () => {
    [rabbitmq, redis] = await Promise.all([openRabbitMq(), startRedis(binaries)]);
  });

  afterAll(async () => {
    await Promise.all(platforms.map((platform) => platform.close()));
    await Promise.all(gates.map((gate) => gate.shut()));
    await Promise.all([rabbitmq?.dispose(), redis?.dispose()]);
  });

  return {
    get rabbitmq() {
      return rabbitmq;
    },
    get redis() {
      return redis;
    },
    open,
    async openBehindGate(overrides = {}) {
      const [rabbitGate, redisGate] = await Promise.all([openGate(rabbitmq.url), openGate(redis.url)]);
      gates.push(rabbitGate, redisGate);
      return {
        platform: open({ ...overrides, amqpUrl: rabbitGate.url, redisUrl: redisGate.url }),
        async cutOff() {
          await Promise.all([rabbitGate.shut(), redisGate.shut()]);
        },
      };
    },
  };
}

/** A prefix that no other test uses. */
export const aPrefix = (): string => `test-${randomUUID().slice(0, 13)}`;
