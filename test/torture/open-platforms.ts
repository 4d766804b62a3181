import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulators } from '#local/emulators.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import { createFullAwsPlatform } from '#platform/aws-full.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import type { Platform } from '#platform/platform.ts';
import { createRabbitRedisPlatform } from '#platform/rabbit-redis.ts';
import { openSqlitePlatform } from '#platform/sqlite.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';

export type Opened = readonly [platform: Platform, close: () => Promise<unknown>];

/** What a command of this folder needs of a platform. */
interface Needs {
  readonly model: string;
  /** Ends the servers at the end of the command. */
  readonly cleanup: AsyncDisposableStack;
}

/** Starts what a platform needs; resolves with how to open one that shares nothing with others. */
const PLATFORMS: Readonly<Record<string, (needs: Needs) => Promise<() => Promise<Opened>>>> = {
  memory: async () => async () => {
    const platform = createMemoryPlatform();
    return [platform, () => platform.close()];
  },
  aws:
    async ({ model }) =>
    async () => {
      const emulators = await startEmulators();
      const settings = localAwsSettings(emulators);
      await provision(settings, [model]);
      const platform = createFullAwsPlatform(settings);
      return [platform, () => platform.close().then(() => emulators.close())];
    },
  sqlite: async () => async () => {
    const folder = await mkdtemp(join(tmpdir(), 'modelyard-torture-'));
    const platform = await openSqlitePlatform({ folder, pollSeconds: 1 });
    return [platform, () => platform.close().then(() => rm(folder, { recursive: true, force: true }))];
  },
  'rabbit-redis': async ({ cleanup }) => {
    const brokers = findBrokers('torture');
    if (!brokers) throw new Error('redis-server and rabbitmq-server are not installed.');
    const [rabbitmq, redis] = await Promise.all([startRabbitMq(brokers), startRedis(brokers)]);
    cleanup.defer(async () => void (await Promise.all([rabbitmq.dispose(), redis.dispose()])));
    return async () => {
      const urls = { amqpUrl: rabbitmq.url, redisUrl: redis.url, pollSeconds: 1 };
      const platform = createRabbitRedisPlatform({ ...urls, prefix: randomUUID().slice(0, 8) });
      return [platform, () => platform.close()];
    };
  },
};

/** Rejects with one sentence for a name that no platform has. */
export async function startPlatform(name: string, needs: Needs): Promise<() => Promise<Opened>> {
  const start = PLATFORMS[name];
  if (!start) throw new Error(`There is no platform ${name}. There are: ${Object.keys(PLATFORMS).join(', ')}.`);
  return start(needs);
}
