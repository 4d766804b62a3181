import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulators } from '#local/emulators.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import { awsEnvironment } from '#platform/aws.ts';
import { rabbitRedisEnvironment } from '#platform/rabbit-redis.ts';
import { sqliteEnvironment } from '#platform/sqlite.ts';
import { manifest } from '#test/fixtures/torture/manifest.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { openGate } from '#test/support/gate.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';
import { type FleetBase, routeOf } from './members.ts';
import type { TortureOptions } from './options.ts';

const START: Readonly<Record<TortureOptions['platform'], () => Promise<FleetBase>>> = {
  'rabbit-redis': startOnRabbitRedis,
  aws: startOnEmulators,
  sqlite: startOnSqlite,
};

/** Starts the servers of a platform. Rejects when a program is not installed. */
export const startPlatform = (platform: TortureOptions['platform']): Promise<FleetBase> => START[platform]();

async function startOnRabbitRedis(): Promise<FleetBase> {
  const brokers = findBrokers('The kill suite');
  if (!brokers) throw new Error('The kill suite needs redis-server and rabbitmq-server.');
  // With the default, once a second, a Redis that is killed while its disk is slow loses writes that it has answered.
  const [rabbitmq, redis] = await Promise.all([
    startRabbitMq(brokers),
    startRedis(brokers, ['--appendfsync', 'always']),
  ]);
  return {
    servers: [
      { name: 'RabbitMQ', ...rabbitmq },
      { name: 'Redis', ...redis },
    ],
    async openRoutes(member) {
      const [amqp, store] = await Promise.all([openGate(rabbitmq.url), openGate(redis.url)]);
      return {
        routes: [routeOf(member, 'RabbitMQ', amqp), routeOf(member, 'Redis', store)],
        environment: rabbitRedisEnvironment({ amqpUrl: amqp.url, redisUrl: store.url, prefix: 'torture' }),
      };
    },
    async stop() {
      await Promise.all([rabbitmq.dispose(), redis.dispose()]);
    },
  };
}

/** The emulators keep everything in memory, so they are never restarted. */
async function startOnEmulators(): Promise<FleetBase> {
  const emulators = await startEmulators();
  const settings = localAwsSettings(emulators);
  await provision(settings, [manifest.name]);
  const { sqs = '', dynamodb = '' } = settings.endpoints ?? {};
  return {
    servers: [],
    async openRoutes(member) {
      const [queue, table] = await Promise.all([openGate(sqs), openGate(dynamodb)]);
      const endpoints = { sqs: queue.url, s3: queue.url, dynamodb: table.url };
      return {
        routes: [routeOf(member, 'SQS and S3', queue), routeOf(member, 'DynamoDB', table)],
        environment: {
          PLATFORM: 'aws',
          AWS_ACCESS_KEY_ID: 'local',
          AWS_SECRET_ACCESS_KEY: 'local',
          ...awsEnvironment({ ...settings, endpoints }),
        },
      };
    },
    stop: () => emulators.close(),
  };
}

/** One file that all processes share: there is no server and no network. */
async function startOnSqlite(): Promise<FleetBase> {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-torture-'));
  return {
    servers: [],
    openRoutes: async () => ({ routes: [], environment: sqliteEnvironment({ folder, durability: 'process' }) }),
    stop: () => rm(folder, { recursive: true, force: true }),
  };
}
