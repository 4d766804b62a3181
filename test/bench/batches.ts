import { parseArgs } from 'node:util';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';
import { startSystem as startEmbedded } from './embedded/system.ts';
import { type Answer, type Client, createClient } from './load/client.ts';
import { startSystem } from './rabbit-redis/system.ts';

/**
 * `npm run bench:batches -- [--rounds 3] [--tasks 3000]`: single submits of 1 and of 32 callers, and batches of 1,000, on
 * SQLite and on RabbitMQ + Redis. Prints the tasks per second that are accepted, and those from the first submit to the
 * last result, with a model that only counts: batches change the former, the instance limits the latter. Each has its
 * turn, because other programs slow all of them down alike, and begins when the tasks before it have ended.
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, tasks: { type: 'string', default: '3000' } },
});
const TASKS = Math.ceil(Number(values.tasks) / 1000) * 1000;
const BATCH = 1000;
const REQUEST = '{"data": "example"}';
/** The last tasks of a turn, which are awaited. An instance runs fewer at a time. */
const LAST = 100;

/** Resolves with the ids of the accepted tasks. */
const ways = {
  'single submits, 1 caller': (client: Client) => single(client, 1, TASKS / 10),
  'single submits, 32 callers': (client: Client) => single(client, 32, TASKS),
  'batches of 1,000': batches,
} as const;
type Way = keyof typeof ways;

async function single(client: Client, callers: number, count: number): Promise<readonly unknown[]> {
  const ids: unknown[] = [];
  let left = count;
  const work = async () => {
    while (left-- > 0) ids.push((await submit(client, '/models/model_a/tasks', REQUEST)).id);
  };
  await Promise.all(Array.from({ length: callers }, work));
  return ids;
}

async function batches(client: Client): Promise<readonly unknown[]> {
  const body = `[${Array.from({ length: BATCH }, () => REQUEST).join()}]`;
  const ids: unknown[] = [];
  while (ids.length < TASKS) {
    const { items } = await submit(client, '/models/model_a/batches', body);
    ids.push(...(items as { readonly task_id: string }[]).map(({ task_id }) => task_id));
  }
  return ids;
}

async function submit(client: Client, path: string, body: string): Promise<NonNullable<Answer['body']>> {
  for (;;) {
    const answer = await client.ask({ method: 'POST', path, body, signal: AbortSignal.timeout(60_000) });
    if (answer.status === 202 && answer.body) return answer.body;
    if (answer.status !== 429 && answer.status !== 503) throw new Error(`${path} answered ${answer.status}.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function untilEnded(client: Client, ids: readonly unknown[]): Promise<void> {
  const headers = { Prefer: 'wait=20' };
  for (const id of ids.slice(-LAST)) {
    const ask = { method: 'GET', path: `/tasks/${id}`, headers } as const;
    while (!(await client.ask({ ...ask, signal: AbortSignal.timeout(60_000) })).body?.ended_at);
  }
}

async function measure(platform: string, url: string): Promise<void> {
  using client = createClient(url, { 'Content-Type': 'application/json' });
  await untilEnded(client, [...(await single(client, 8, 300)), ...(await batches(client))]);
  const rates: Record<Way, number[]> = {
    'single submits, 1 caller': [],
    'single submits, 32 callers': [],
    'batches of 1,000': [],
  };
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const name of Object.keys(ways) as Way[]) {
      const startedAt = performance.now();
      const ids = await ways[name](client);
      const accepted = perSecond(ids.length, startedAt);
      await untilEnded(client, ids);
      rates[name].push(accepted);
      const ended = Math.round(perSecond(ids.length, startedAt));
      process.stdout.write(
        `round ${round}: ${platform}: ${name}: ${Math.round(accepted)} accepted/s, ${ended} ended/s\n`,
      );
    }
  }
  const best = Math.max(median(rates['single submits, 1 caller']), median(rates['single submits, 32 callers']));
  const factor = median(rates['batches of 1,000']) / best;
  process.stdout.write(
    `median: ${platform}: batches are accepted ${factor.toFixed(1)} times as fast as single submits\n`,
  );
}

const perSecond = (count: number, startedAt: number): number => (count * 1000) / (performance.now() - startedAt);

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

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
