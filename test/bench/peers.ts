import { parseArgs } from 'node:util';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';
import { type RunningSystem, startSystem } from './embedded/system.ts';
import { median } from './paired.ts';
import { measurePredictions } from './peers/measure.ts';
import { PEERS, startPeer } from './peers/servers.ts';

/**
 * The same scikit-learn model behind Modelyard and behind the servers that people use instead, on one machine: 1 and 64
 * callers, predictions per second and latency, medians of rounds in which all take turns. Each has one process for the
 * model and batches of up to 32 where it can. Installs the servers from PyPI, once.
 *
 *   npm run bench:peers -- [--rounds 3] [--seconds 5]
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '5' } },
});
const ROUNDS = Number(values.rounds);
const TURN_MS = Number(values.seconds) * 1000;
const CALLERS = [1, 64] as const;
const MODELS = 'test/fixtures/served_here';
const FEATURES = [14.23, 1.71, 2.43, 15.6, 127, 2.8, 3.06, 0.28, 2.29, 5.64, 1.04, 3.92, 1065];

interface Candidate {
  readonly name: string;
  readonly url: string;
  readonly path: string;
  readonly body: unknown;
}

const ours = (name: string, { url }: RunningSystem): Candidate => ({
  ...{ name, url, path: '/predict/wine_peer', body: { features: FEATURES } },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const brokers = findBrokers('The comparison with RabbitMQ + Redis');
if (!brokers) process.exit(1);
await using stack = new AsyncDisposableStack();
const [rabbitmq, redis] = await Promise.all([startRabbitMq(brokers), startRedis(brokers)]);
stack.defer(async () => void (await Promise.all([rabbitmq.dispose(), redis.dispose()])));
const checkout = process.cwd();
const embedded = await startSystem({ name: 'sqlite', checkout, args: ['--models', MODELS], hasDataFolder: true });
stack.defer(() => embedded.stop());
const onBrokers = await startSystem({
  ...{ name: 'rabbit-redis', checkout, hasDataFolder: false },
  args: ['--platform', 'rabbit-redis', '--models', MODELS],
  environment: { AMQP_URL: rabbitmq.url, REDIS_URL: redis.url },
});
stack.defer(() => onBrokers.stop());
const candidates = [ours('Modelyard, embedded', embedded), ours('Modelyard, RabbitMQ + Redis', onBrokers)];
for (const peer of PEERS) {
  say(`Starting ${peer.name} …`);
  const { url, close } = await startPeer(peer);
  stack.defer(close);
  candidates.push({ name: peer.name, url, path: peer.path, body: peer.body(FEATURES) });
}

const rates = new Map(
  candidates.flatMap(({ name }) => CALLERS.map((callers) => [`${name} ${callers}`, [] as number[]])),
);
const p50s = new Map(candidates.map(({ name }) => [name, [] as number[]]));
for (const candidate of candidates) await measurePredictions({ ...candidate, callers: 16, ms: 3000 });
for (let round = 0; round < ROUNDS; round++) {
  for (const callers of CALLERS) {
    for (const candidate of round % 2 === 0 ? candidates : candidates.toReversed()) {
      const { rate, p50 } = await measurePredictions({ ...candidate, callers, ms: TURN_MS });
      rates.get(`${candidate.name} ${callers}`)?.push(rate);
      if (callers === 1) p50s.get(candidate.name)?.push(p50);
    }
  }
}
const width = Math.max(...candidates.map(({ name }) => name.length));
say(`${'server'.padEnd(width)}  1 caller/s  p50 ms  64 callers/s`);
for (const { name } of candidates) {
  const figures = [`${name} 1`, `${name} 64`].map((key) => median(rates.get(key) ?? []).toFixed(0));
  const p50 = median(p50s.get(name) ?? []).toFixed(2);
  say(`${name.padEnd(width)}  ${figures[0]?.padStart(10)}  ${p50.padStart(6)}  ${figures[1]?.padStart(12)}`);
}
