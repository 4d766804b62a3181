import { parseArgs } from 'node:util';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';
import { measureBullMq } from './rabbit-redis/bullmq.ts';
import { countCalls } from './rabbit-redis/calls.ts';
import { measureCeiling } from './rabbit-redis/ceiling.ts';
import { type Figures, measure, sharesOf, tableOf } from './rabbit-redis/measure.ts';
import { openGateway, openUseCases } from './rabbit-redis/predictions.ts';
import { startSystem } from './rabbit-redis/system.ts';

/**
 * `npm run bench:rabbit-redis -- [--seconds 5]`: submit to result on RabbitMQ + Redis, with and without the gateway,
 * beside bare clients and BullMQ on the same servers.
 */
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' } } });
const seconds = Number(values.seconds);
const QUEUE_TYPES = ['classic', 'quorum'] as const;
const CALLERS = [1, 64] as const;
const brokers = findBrokers('The benchmark on RabbitMQ + Redis');
if (!brokers) process.exit(1);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const [rabbitmq, redis] = await Promise.all([startRabbitMq(brokers), startRedis(brokers)]);
const servers = { amqpUrl: rabbitmq.url, redisUrl: redis.url };
const rows: Figures[] = [];
let calls: string;
try {
  for (const queueType of QUEUE_TYPES) {
    for (const concurrency of CALLERS) {
      const name = `bare clients, ${queueType} queue`;
      rows.push(await measureCeiling({ ...servers, queueType, concurrency, seconds, name }));
    }
  }
  for (const concurrency of CALLERS) rows.push(await measureBullMq({ ...servers, concurrency, seconds }));
  rows.push(...(await measureSystem()));
  calls = await countCalls(servers);
} finally {
  await Promise.all([rabbitmq.dispose(), redis.dispose()]);
}
process.stdout.write(`${tableOf(rows)}\n\n${sharesOf(rows)}\n\n${calls}\n`);

async function measureSystem(): Promise<Figures[]> {
  const prefix = 'bench';
  await using system = await startSystem({ ...servers, prefix });
  const ways = [
    ['our use cases, without HTTP', openUseCases({ ...servers, prefix })],
    ['POST /predict/model_a through the gateway', openGateway(system.url)],
  ] as const;
  const measured: Figures[] = [];
  for (const [name, { predict, close }] of ways) {
    // Warm-up for the JIT compiler.
    await measure({ name, concurrency: 64, seconds: 2, once: predict });
    for (const concurrency of CALLERS) measured.push(await measure({ name, concurrency, seconds, once: predict }));
    await close();
  }
  return measured;
}
