import { parseArgs } from 'node:util';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';
import { startSystem as startEmbedded } from './embedded/system.ts';
import { type Client, createClient } from './load/client.ts';
import { startSystem } from './rabbit-redis/system.ts';

/**
 * `npm run bench:batches -- [--rounds 3] [--tasks 3000]`: accepted tasks per second by single submits of 1 and of 32
 * callers, and by batches of 1,000, on SQLite and on RabbitMQ + Redis. Each has its turn, because other programs slow all
 * of them down alike. Between the turns, the instance empties the queue.
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, tasks: { type: 'string', default: '3000' } },
});
const TASKS = Math.ceil(Number(values.tasks) / 1000) * 1000;
const BATCH = 1000;
const REQUEST = '{"data": "example"}';

const ways = {
  'single submits, 1 caller': (client: Client) => single(client, 1, TASKS / 10),
  'single submits, 32 callers': (client: Client) => single(client, 32, TASKS),
  'batches of 1,000': batches,
} as const;

async function single(client: Client, callers: number, count: number): Promise<number> {
  let left = count;
  const work = async () => {
    while (left-- > 0) await submit(client, '/models/model_a/tasks', REQUEST);
  };
  await Promise.all(Array.from({ length: callers }, work));
  return count;
}

async function batches(client: Client): Promise<number> {
  const body = `[${Array.from({ length: BATCH }, () => REQUEST).join()}]`;
  for (let sent = 0; sent < TASKS; sent += BATCH) await submit(client, '/models/model_a/batches', body);
  return TASKS;
}

async function submit(client: Client, path: string, body: string): Promise<void> {
  for (;;) {
    const { status } = await client.ask({ method: 'POST', path, body, signal: AbortSignal.timeout(60_000) });
    if (status === 202) return;
    if (status !== 429 && status !== 503) throw new Error(`${path} answered ${status}.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function untilEmpty(client: Client): Promise<void> {
  for (;;) {
    const { body } = await client.ask({
      method: 'GET',
      path: '/models/model_a',
      signal: AbortSignal.timeout(60_000),
    });
    if (body?.backlog === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function measure(platform: string, url: string): Promise<void> {
  using client = createClient(url, { 'Content-Type': 'application/json' });
  await single(client, 8, 300);
  await untilEmpty(client);
  const rates = new Map<string, number[]>();
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const [name, run] of Object.entries(ways)) {
      const startedAt = performance.now();
      const count = await run(client);
      const rate = (count * 1000) / (performance.now() - startedAt);
      rates.set(name, [...(rates.get(name) ?? []), rate]);
      process.stdout.write(`round ${round}: ${platform}: ${name}: ${Math.round(rate)} tasks/s\n`);
      await untilEmpty(client);
    }
  }
  const median = (name: keyof typeof ways): number => {
    const sorted = (rates.get(name) ?? []).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  const best = Math.max(median('single submits, 1 caller'), median('single submits, 32 callers'));
  const factor = median('batches of 1,000') / best;
  process.stdout.write(`median: ${platform}: batches are ${factor.toFixed(1)} times as fast as single submits\n`);
}

const embedded = await startEmbedded({
  ...{ checkout: process.cwd(), name: 'sqlite', hasDataFolder: true },
  args: [],
});
await measure('SQLite', embedded.url).finally(() => embedded.stop());
const brokers = findBrokers('The benchmark on RabbitMQ + Redis');
if (brokers) {
  const [rabbitmq, redis] = await Promise.all([startRabbitMq(brokers), startRedis(brokers)]);
  try {
    await using system = await startSystem({ amqpUrl: rabbitmq.url, redisUrl: redis.url, prefix: 'bench' });
    await measure('RabbitMQ + Redis', system.url);
  } finally {
    await Promise.all([rabbitmq.dispose(), redis.dispose()]);
  }
}
