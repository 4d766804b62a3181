import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulators } from '#local/emulators.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import { createFullAwsPlatform } from '#platform/aws-full.ts';
import { createRabbitRedisPlatform } from '#platform/rabbit-redis.ts';
import { openSqlitePlatform } from '#platform/sqlite.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';
import { dumpAws } from './aws.ts';
import { leave, MODEL } from './data-set.ts';
import { writeFixture } from './fixture.ts';
import { dumpRabbitRedis, PREFIX } from './rabbit-redis.ts';
import { dumpSqlite } from './sqlite.ts';

/**
 * Keeps what this build leaves on each platform, so that tests of later builds upgrade it. Run it before a release that
 * changes rows, messages or registrations: `npm run upgrade:keep && npm run format`
 */
const AWS_QUEUES = ['tasks', 'dead-letters'].map((kind) => `${MODEL.replaceAll('_', '-')}-${kind}`);

async function keepSqlite(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-upgrade-'));
  const platform = await openSqlitePlatform({ folder, pollSeconds: 1 });
  await leave(platform);
  writeFixture('sqlite', dumpSqlite(folder));
  await platform.close();
  await rm(folder, { recursive: true });
}

async function keepRabbitRedis(): Promise<void> {
  const brokers = findBrokers('What this build leaves on RabbitMQ + Redis');
  if (!brokers) return;
  const [rabbitmq, redis] = await Promise.all([startRabbitMq(brokers), startRedis(brokers)]);
  const servers = { amqpUrl: rabbitmq.url, redisUrl: redis.url };
  const platform = createRabbitRedisPlatform({ ...servers, prefix: PREFIX, pollSeconds: 1 });
  await leave(platform);
  await platform.close();
  const queues = ['tasks', 'dead-letters'].map((kind) => `${PREFIX}.${MODEL}.${kind}`);
  writeFixture('rabbit-redis', await dumpRabbitRedis(servers, queues));
  await Promise.all([rabbitmq.dispose(), redis.dispose()]);
}

async function keepAws(): Promise<void> {
  const emulators = await startEmulators();
  const settings = localAwsSettings(emulators);
  await provision(settings, [MODEL]);
  const platform = createFullAwsPlatform({ ...settings, pollSeconds: 1 });
  await leave(platform);
  await platform.close();
  writeFixture('aws', await dumpAws(settings, AWS_QUEUES));
  await emulators.close();
}

await keepSqlite();
await keepAws();
await keepRabbitRedis();
process.exit(0);
