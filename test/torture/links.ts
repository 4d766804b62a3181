import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { HeldCounts, RabbitConnections, RabbitTaskQueue, RedisLink } from '#adapters/rabbit-redis/index.ts';
import { systemClock } from '#platform/platform.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { openGate } from '#test/support/gate.ts';
import { pseudoRandom } from '#test/support/pseudo-random.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';
import { deliverThroughSilences } from './links/silent-broker.ts';
import { askThroughSilences } from './links/silent-links.ts';

/**
 * Links to real servers, with the limits of production, while the network is silent for 15 to 35 seconds, for each
 * connection for its own time: npm run torture:links -- [--rounds 3] [--seed n]
 */
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? randomInt(1_000_000));
const brokers = findBrokers('torture:links');
if (!brokers) process.exit(1);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const silences = { silenceMs: [15_000, 35_000] as const, rounds: Number(values.rounds) };
const [rabbitmq, redis] = await Promise.all([startRabbitMq(brokers), startRedis(brokers)]);
try {
  process.stdout.write(`seed ${seed}\n`);
  const [commands, messages] = await Promise.all([torturedCommands(), torturedMessages()]);
  process.stdout.write(`Redis: ${JSON.stringify(commands)}\nRabbitMQ: ${JSON.stringify(messages)}\n`);
  const faults = [
    ...[commands.wrong, messages.lost, messages.returned],
    ...[commands.connectionsAfterClose, messages.connectionsAfterClose],
  ];
  process.exitCode = faults.every((count) => count === 0) ? 0 : 1;
} finally {
  await Promise.all([rabbitmq.dispose(), redis.dispose()]);
}

async function torturedCommands() {
  const gate = await openGate(redis.url);
  gate.delay(20);
  const report = await askThroughSilences({
    ...silences,
    gate,
    links: 12,
    connectionsPerLink: 1,
    answers: 50_000,
    random: pseudoRandom(seed),
    openLink() {
      const link = new RedisLink({ url: gate.url });
      return { ask: async (question) => (await link.text()).echo(question), close: () => link.close() };
    },
  });
  await gate.shut();
  return report;
}

async function torturedMessages() {
  const gate = await openGate(rabbitmq.url);
  gate.delay(20);
  const link = new RedisLink({ url: redis.url });
  const stores = { link, prefix: 'torture', clock: systemClock };
  const counts = new HeldCounts(stores);
  const report = await deliverThroughSilences({
    ...silences,
    gate,
    queues: 6,
    connectionsPerQueue: 2,
    leaseSeconds: 30,
    random: pseudoRandom(seed + 1),
    openQueue() {
      const connections = new RabbitConnections({ url: gate.url });
      const queue = new RabbitTaskQueue({ connections, counts, prefix: 'torture', model: 'model_a', pollMs: 5_000 });
      return { queue, close: () => connections.close() };
    },
  });
  await gate.shut();
  await link.close();
  return report;
}
