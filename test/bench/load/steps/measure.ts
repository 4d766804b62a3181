import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startRabbitMq } from '#test/support/rabbitmq-server.ts';
import { startRedis } from '#test/support/redis-server.ts';
import { startSystem } from '../../embedded/system.ts';
import { type Client, createClient } from '../client.ts';
import type { StepsOptions } from '../options.ts';
import type { Screen } from '../progress-line.ts';
import { prepareFolder } from '../report.ts';
import { chooseBody, NoTarget } from '../target.ts';
import { goodputOf, type Step, type Steps, verdictsOf } from './goals.ts';
import { stepsPage } from './page.ts';
import { type Sender, startSender } from './sender-process.ts';
import { CONNECTIONS, type Order, type Seen } from './sending.ts';
import { type Inside, type Watched, watchSystem } from './watch.ts';
import { figuresOf, textOf } from './words.ts';

const LOADS = [0.5, 1, 2, 4] as const;
/** The capacity is what most of these bring. */
const CALLERS = [16, 64] as const;
/** Opens all connections. */
const WARM_UP = { callers: CONNECTIONS, seconds: 5 } as const;
/** Between two steps, so that each begins without a queue. */
const REST_MS = 2_000;
const READY_WITHIN_MS = 60_000;
const POLL_MS = 250;

interface Target extends AsyncDisposable {
  readonly url: string;
  readonly where: string;
  readonly inside?: Inside;
}

/** Finds the capacity, then offers shares and multiples of it. Resolves with the exit code: 1 if a goal was missed. */
export async function measureSteps(
  options: StepsOptions,
  { stdout, stderr, stop }: { readonly stdout: Screen; readonly stderr: Screen; readonly stop: AbortSignal },
): Promise<0 | 1> {
  try {
    await prepareFolder(options.into);
    await using target = await openTarget(options);
    await using sender = startSender();
    const tell = (line: string) => stderr.write(`${line}\n`);
    const measured = await measureAll(options, { target, sender, tell, stop });
    const verdicts = verdictsOf(measured);
    const path = join(options.into, 'load-steps');
    await writeFile(`${path}.json`, `${JSON.stringify({ ...measured, verdicts }, undefined, 1)}\n`);
    await writeFile(`${path}.html`, stepsPage(measured, verdicts));
    stdout.write(`${textOf(measured, verdicts)}\nReports: ${path}.json and ${path}.html\n`);
    return verdicts.every(({ isMet }) => isMet) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof NoTarget)) throw error;
    // Recovery: the sentence is printed, and nothing needs to be undone.
    stderr.write(`${error.message}\n`);
    return 1;
  }
}

interface Circumstances {
  readonly target: Target;
  readonly sender: Sender;
  readonly tell: (line: string) => void;
  readonly stop: AbortSignal;
}

async function measureAll(options: StepsOptions, { target, sender, tell, stop }: Circumstances): Promise<Steps> {
  const { model, headers, waitSeconds, seconds } = options;
  const { url, where, inside } = target;
  using client = createClient(url, headers);
  const order: Omit<Order, 'seconds'> = {
    url,
    path: `/predict/${encodeURIComponent(model)}`,
    headers: { ...headers, Prefer: `wait=${waitSeconds}` },
    body: await bodyOnceReady(client, { ...options, url }, inside ? READY_WITHIN_MS : 0),
    waitSeconds,
  };
  const startedAt = new Date().toISOString();
  await sender.send({ ...order, ...WARM_UP });
  const closed: { readonly callers: number; readonly served: number }[] = [];
  for (const callers of CALLERS) {
    const each = { ...order, callers, seconds: seconds / 4 };
    const served = goodputOf({ seen: await sender.send(each), seconds: each.seconds });
    tell(`${callers} callers: ${Math.round(served)} served a second`);
    closed.push({ callers, served });
  }
  const best = closed.reduce((most, each) => (each.served > most.served ? each : most));
  if (best.served === 0) throw new NoTarget(`Nothing was served by ${url}.`);
  const steps: Step[] = [];
  for (const load of LOADS) {
    if (stop.aborted) break;
    await rest(REST_MS);
    const rate = load * best.served;
    const [seen, watched] = await during(sender.send({ ...order, seconds, rate }), url, inside);
    const step = { load, rate, seconds, seen, watched };
    tell(figuresOf(step).join('  '));
    steps.push(step);
  }
  return { model, where, startedAt, capacity: best.served, callers: best.callers, waitSeconds, steps };
}

/** A system that was just started may still wait for its instances. */
async function bodyOnceReady(client: Client, asked: Parameters<typeof chooseBody>[1], withinMs: number) {
  for (const endsAt = performance.now() + withinMs; ; await rest(POLL_MS)) {
    try {
      return await chooseBody(client, asked);
    } catch (error) {
      // Recovery: asked again, unless its time is up.
      if (!(error instanceof NoTarget) || performance.now() >= endsAt) throw error;
    }
  }
}

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function during(sending: Promise<Seen>, url: string, inside: Inside | undefined): Promise<[Seen, Watched]> {
  const over = new AbortController();
  return Promise.all([sending.finally(() => over.abort()), watchSystem(url, inside, over.signal)]);
}

async function openTarget({ platform, url }: StepsOptions): Promise<Target> {
  if (platform === undefined) return { url, where: url, async [Symbol.asyncDispose]() {} };
  await using cleanup = new AsyncDisposableStack();
  if (platform === 'rabbit-redis') {
    const brokers = findBrokers('The load on RabbitMQ + Redis');
    if (!brokers) throw new NoTarget('redis-server and rabbitmq-server are not installed.');
    const [rabbitmq, redis] = await Promise.all([startRabbitMq(brokers), startRedis(brokers)]);
    cleanup.defer(() => Promise.all([rabbitmq.dispose(), redis.dispose()]).then(() => undefined));
    // What `npm start` finds them by; it inherits the environment.
    Object.assign(process.env, { AMQP_URL: rabbitmq.url, REDIS_URL: redis.url });
  }
  const system = await startSystem({
    name: platform,
    checkout: process.cwd(),
    args: ['--platform', platform],
    hasDataFolder: platform === 'sqlite',
  });
  cleanup.defer(() => system.stop());
  const kept = cleanup.move();
  return {
    url: system.url,
    where: `npm start -- --platform ${platform}`,
    inside: system,
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}
