import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lifecycleFilesIn } from '#platform/lifecycle-databases.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { surroundSystems } from '#test/support/embedded-system.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';

/** Starts the servers of a platform and lets systems run on it. Rejects where RabbitMQ or Redis is missing. */
export async function surroundingsOn(platform: string): Promise<AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  if (platform === 'aws') surroundSystems(() => ({ args: ['--platform', 'aws'], environment: {} }));
  if (platform === 'rabbit-redis') {
    const binaries = findBrokers('roll-outs on RabbitMQ + Redis');
    if (!binaries) throw new Error('There is no RabbitMQ, or no Redis.');
    const folder = await mkdtemp(join(tmpdir(), 'modelyard-rollouts-'));
    started.defer(() => rm(folder, { recursive: true, force: true }));
    const rabbitmq = await startRabbitMq(binaries);
    started.defer(() => rabbitmq.dispose());
    const redis = await startRedis(binaries);
    started.defer(() => redis.dispose());
    surroundSystems(() => ({
      args: ['--platform', 'rabbit-redis'],
      environment: {
        ...lifecycleFilesIn(folder),
        ...{ PLATFORM: 'rabbit-redis', AMQP_URL: rabbitmq.url, REDIS_URL: redis.url, MODELYARD_POLL_SECONDS: '1' },
      },
    }));
  }
  return started.move();
}
