import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BundledProcess } from '#test/containers/bundled-process.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';
import { measureBullMq } from './rabbit-redis/bullmq.ts';
import { measureCeiling } from './rabbit-redis/ceiling.ts';
import { type Figures, measure, tableOf } from './rabbit-redis/measure.ts';

/**
 * Submit to result on RabbitMQ + Redis, through the gateway, beside what bare clients reach on the same servers:
 * node test/bench/rabbit-redis.ts [--seconds 5]
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' } } });
const seconds = Number(values.seconds);
const QUEUE_TYPES = ['classic', 'quorum'] as const;
const agent = new Agent({ keepAlive: true });
const brokers = findBrokers('The benchmark on RabbitMQ + Redis');
if (!brokers) process.exit(1);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const [rabbitmq, redis] = await Promise.all([startRabbitMq(brokers), startRedis(brokers)]);
const rows: Figures[] = [];
try {
  for (const queueType of QUEUE_TYPES) {
    for (const concurrency of [1, 64]) {
      const name = `bare clients, ${queueType} queue`;
      rows.push(
        await measureCeiling({ amqpUrl: rabbitmq.url, redisUrl: redis.url, queueType, concurrency, seconds, name }),
      );
    }
  }
  for (const concurrency of [1, 64]) rows.push(await measureBullMq({ redisUrl: redis.url, concurrency, seconds }));
  const system = await startSystem({ AMQP_URL: rabbitmq.url, REDIS_URL: redis.url });
  for (const concurrency of [1, 64]) {
    const send = () => predict(system.url);
    await measure({ name: 'warm-up', concurrency, seconds: 1, once: send });
    rows.push(await measure({ name: 'POST /predict/model_a through the gateway', concurrency, seconds, once: send }));
  }
  await system.stop();
  agent.destroy();
} finally {
  await Promise.all([rabbitmq.dispose(), redis.dispose()]);
}
process.stdout.write(`${tableOf(rows)}\n${shareOf(rows)}\n`);

/** The gateway and one instance, each a process of its own as in production, both of which log as in production. */
async function startSystem(environment: Record<string, string>): Promise<{ url: string; stop(): Promise<unknown> }> {
  const start = (entry: string, more: Record<string, string>) =>
    new BundledProcess(ROOT, { PLATFORM: 'rabbit-redis', ...environment, ...more }, [...process.execArgv, entry]);
  const gateway = start('bin/gateway.ts', { MODELYARD_PORT: '0' });
  const instance = start('model-containers/runtime/main.ts', {
    MODELYARD_MODEL: 'model_a',
    MODELYARD_HEALTH_HOST: '127.0.0.1',
    MODELYARD_HEALTH_PORT: '0',
  });
  const [{ url }] = await Promise.all([gateway.untilReady(), instance.untilReady()]);
  return { url: String(url), stop: () => Promise.all([gateway.stop(), instance.stop()]) };
}

/** By node:http, which costs the caller half of what `fetch` does: both share the machine. */
async function predict(url: string): Promise<void> {
  const sent = request(`${url}/predict/model_a`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    agent,
  });
  sent.end('{"data": "example"}');
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const { state } = JSON.parse(await text(response)) as { state: string };
  if (state !== 'succeeded') throw new Error(`A prediction ended as ${response.statusCode} ${state}.`);
}

/** What a task costs beyond the bare clients on the same kind of queue, said as the share of them that is reached. */
function shareOf(rows: readonly Figures[]): string {
  const of = (name: RegExp, concurrency: number): number =>
    rows.find((row) => name.test(row.name) && row.concurrency === concurrency)?.perSecond ?? Number.NaN;
  const percent = (callers: number): string =>
    `${((of(/gateway/, callers) / of(/quorum/, callers)) * 100).toFixed(1)} % with ${callers}`;
  return `Through the gateway, of the bare clients on a quorum queue: ${percent(1)}, ${percent(64)} callers.`;
}
