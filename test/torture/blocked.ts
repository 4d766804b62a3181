import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmulators } from '#local/emulators.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import { createFullAwsPlatform } from '#platform/aws-full.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import type { Platform } from '#platform/platform.ts';
import { createRabbitRedisPlatform } from '#platform/rabbit-redis.ts';
import { openSqlitePlatform } from '#platform/sqlite.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startProcessInstance } from '#test/support/process-instance.ts';
import { processModel } from '#test/support/process-model.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';

/**
 * Models that compute without yielding, for longer and shorter than their leases, on every platform. Each task must
 * succeed in its only run, and no lease may be lost:
 * npm run torture:blocked -- [--platforms memory,aws] [--leases 5,15] [--seconds 12,20] [--action compute|block]
 */
const { values } = parseArgs({
  options: {
    platforms: { type: 'string', default: 'memory,aws,sqlite,rabbit-redis' },
    leases: { type: 'string', default: '5,15,30,60' },
    seconds: { type: 'string', default: '12,20,45' },
    action: { type: 'string', default: 'compute' },
  },
});
const numbersIn = (list: string): number[] => list.split(',').map(Number);
/** More than the machine may need to start a model and to write a result. */
const PATIENCE_MS = 60_000;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

type Opened = readonly [platform: Platform, close: () => Promise<unknown>];

await using cleanup = new AsyncDisposableStack();

/** Starts what a platform needs; resolves with how to open one that shares nothing with others. */
const PLATFORMS: Readonly<Record<string, () => Promise<() => Promise<Opened>>>> = {
  memory: async () => async () => {
    const platform = createMemoryPlatform();
    return [platform, () => platform.close()];
  },
  aws: async () => async () => {
    const emulators = await startEmulators();
    const settings = localAwsSettings(emulators);
    await provision(settings, ['in_slots']);
    const platform = createFullAwsPlatform(settings);
    return [platform, () => platform.close().then(() => emulators.close())];
  },
  sqlite: async () => async () => {
    const folder = await mkdtemp(join(tmpdir(), 'modelyard-torture-'));
    const platform = await openSqlitePlatform({ folder, pollSeconds: 1 });
    return [platform, () => platform.close().then(() => rm(folder, { recursive: true, force: true }))];
  },
  'rabbit-redis': async () => {
    const brokers = findBrokers('torture:blocked');
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

/** Runs one task of so many seconds under such a lease; resolves with what is wrong, or with nothing. */
async function fault(open: () => Promise<Opened>, leaseSeconds: number, seconds: number): Promise<string | undefined> {
  const [platform, close] = await open();
  const backend = processModel('in_slots');
  const instance = await startProcessInstance({ platform, backend, leaseSeconds });
  try {
    await instance.untilReady();
    const task = await instance.submit(values.action, seconds);
    const ended = await instance.untilEnded(task, seconds * 1000 + PATIENCE_MS);
    const { text } = await instance.get('/metrics');
    const losses = /^modelyard_instance_lease_losses_total (\d+)$/m.exec(text)?.[1];
    const { state, attempts, fence, error } = ended;
    const isGood = state === 'succeeded' && attempts === 1 && fence === 1 && losses === '0';
    if (isGood && backend.launches.length === 1) return undefined;
    return JSON.stringify({ state, attempts, fence, error, losses, processes: backend.launches.length });
  } finally {
    await instance.stop();
    await close();
  }
}

let faults = 0;
for (const name of values.platforms.split(',')) {
  const start = PLATFORMS[name];
  if (!start) throw new Error(`There is no platform ${name}. There are: ${Object.keys(PLATFORMS).join(', ')}.`);
  const open = await start();
  for (const lease of numbersIn(values.leases)) {
    const runs = numbersIn(values.seconds).map(async (seconds) => {
      const found = await fault(open, lease, seconds);
      if (found !== undefined) faults++;
      process.stdout.write(
        `${name}: lease ${lease} s, ${values.action} ${seconds} s: ${found ?? 'succeeded, 1 run'}\n`,
      );
    });
    await Promise.all(runs);
  }
}
process.stdout.write(faults === 0 ? 'No fault.\n' : `${faults} faults.\n`);
process.exitCode = faults === 0 ? 0 : 1;
