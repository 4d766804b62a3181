import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { eachLine } from '#local/each-line.ts';
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
const ENTRY = fileURLToPath(new URL('../../bin/local.ts', import.meta.url));

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' } } });
const seconds = Number(values.seconds);
const brokers = findBrokers('The benchmark on RabbitMQ + Redis');
if (!brokers) process.exit(1);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const [rabbitmq, redis] = await Promise.all([startRabbitMq(brokers), startRedis(brokers)]);
const rows: Figures[] = [];
try {
  for (const queueType of ['classic', 'quorum'] as const) {
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
  system.child.kill('SIGTERM');
  await new Promise((resolve) => system.child.once('exit', resolve));
} finally {
  await Promise.all([rabbitmq.dispose(), redis.dispose()]);
}
process.stdout.write(`${tableOf(rows)}\n`);

async function startSystem(environment: Record<string, string>): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [ENTRY, '--port', '0', '--json', '--platform', 'rabbit-redis'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { promise, resolve } = Promise.withResolvers<string>();
  if (child.stdout) {
    eachLine(child.stdout, (line) => {
      const event = JSON.parse(line) as { message: string; url?: string };
      if (event.message === 'ready' && event.url !== undefined) resolve(event.url);
    });
  }
  return { url: await promise, child };
}

async function predict(url: string): Promise<void> {
  const response = await fetch(`${url}/predict/model_a`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"data": "example"}',
  });
  const { state } = (await response.json()) as { state: string };
  if (state !== 'succeeded') throw new Error(`A prediction ended as ${response.status} ${state}.`);
}
