import {
  HeldCounts,
  queuesOf,
  RabbitConnections,
  RabbitTaskQueue,
  RedisBlobStore,
  RedisClockReader,
  RedisContractStore,
  RedisLink,
  RedisModelRegistry,
  RedisStatsStore,
  RedisTaskStore,
  RedisTurns,
  RedisWebhookStore,
} from '#adapters/rabbit-redis/index.ts';
import type { Postgres } from '#adapters/sql/postgres.ts';
import { CALL_RETENTION_DAYS, type Clock, DAY_MS, ModelyardError, StoreClock } from '#core';
import { callDaysFrom, ENV, type EnvironmentName, readInteger, readOptional, readRequired } from './environment.ts';
import { gatewayTransfers } from './gateway-transfers.ts';
import { lateLifecycle } from './late-lifecycle.ts';
import { outboundHostsFrom } from './outbound.ts';
import { type FullPlatform, lateUsersAndCalls, systemClock } from './platform.ts';

export { readEarlierUsers } from '#adapters/rabbit-redis/earlier-users.ts';

export interface RabbitRedisPlatform extends FullPlatform {
  /** Resolves when all servers answer. Rejects with one sentence that names the server that did not answer in time. */
  connect(): Promise<void>;
}

const DEFAULT_PREFIX = 'modelyard';
const DATABASE_EXAMPLE = 'postgres://user:password@host:5432/database';

/** The name of a model's task queue. */
export const rabbitTaskQueueOf = ({ prefix = DEFAULT_PREFIX }: RabbitRedisSettings, model: string): string =>
  queuesOf(prefix, model).tasks;

/** Task queues on RabbitMQ, users and calls in PostgreSQL, everything else on Redis. Connects at first use. */
export function createRabbitRedisPlatform(
  settings: RabbitRedisSettings,
  ownClock: Clock = systemClock,
): RabbitRedisPlatform {
  const {
    amqpUrl,
    redisUrl,
    databaseUrl,
    prefix = DEFAULT_PREFIX,
    pollSeconds = 20,
    connectSeconds = 30,
    callDays = CALL_RETENTION_DAYS,
    onTrouble,
  } = settings;
  const trouble = onTrouble === undefined ? {} : { onTrouble };
  const clock = new StoreClock(ownClock);
  const connections = new RabbitConnections({ url: amqpUrl, ...trouble });
  const link = new RedisLink({ url: redisUrl, ...trouble });
  const stores = { link, prefix, clock };
  const blobs = new RedisBlobStore(stores);
  const transfers = gatewayTransfers({ blobs, streams: blobs.streams, clock });
  const counts = new HeldCounts(stores);
  const turns = new RedisTurns(stores);
  const tasks = new RedisTaskStore(stores);
  let postgres: Promise<Postgres> | undefined;
  // Loaded on demand, because instances need neither users nor calls.
  const openUsersAndCalls = (): Promise<Postgres> => {
    if (databaseUrl === undefined) {
      throw new ModelyardError('store_unavailable', `Users and calls need PostgreSQL: set ${ENV.databaseUrl}.`);
    }
    postgres ??= import('#adapters/sql/postgres.ts').then(({ openPostgres }) =>
      openPostgres({ url: databaseUrl, schema: prefix, clock, callRetentionMs: callDays * DAY_MS, ...trouble }),
    );
    return postgres;
  };
  const { lifecycle, closeLifecycle } = lateLifecycle(settings.environment ?? {});
  const clockReader = new RedisClockReader(link, clock);
  return {
    queues: (model) => new RabbitTaskQueue({ connections, counts, turns, prefix, model, pollMs: pollSeconds * 1000 }),
    tasks,
    blobs,
    transfers,
    transferEdge: transfers,
    stats: new RedisStatsStore(stores),
    registry: new RedisModelRegistry(stores),
    contracts: new RedisContractStore(stores),
    webhooks: new RedisWebhookStore(stores),
    outboundHosts: outboundHostsFrom(settings.environment ?? {}),
    ...lateUsersAndCalls(openUsersAndCalls),
    recordsCalls: databaseUrl !== undefined && callDays > 0,
    lifecycle,
    clock,
    async connect() {
      const patienceMs = connectSeconds * 1000;
      await Promise.all([
        connections.publishing.connect(patienceMs),
        link.connect(patienceMs),
        databaseUrl === undefined ? undefined : openUsersAndCalls().then((opened) => opened.connect(patienceMs)),
      ]);
      await clockReader.start();
    },
    async check() {
      await Promise.all([connections.check(), tasks.check()]);
    },
    async close() {
      clockReader.stop();
      await closeLifecycle();
      await connections.close();
      tasks.close();
      await link.close();
      await (await postgres)?.close();
    },
  };
}

/** Settings of the platform on RabbitMQ and Redis. */
export interface RabbitRedisSettings {
  /** For example `amqp://user:password@host:5672/vhost`, or with `amqps:`. */
  readonly amqpUrl: string;
  /** For example `redis://user:password@host:6379/0`, or with `rediss:`. */
  readonly redisUrl: string;
  /**
   * For example `postgres://user:password@host:5432/database`. Instances need none. @default no users and calls
   */
  readonly databaseUrl?: string;
  /**
   * First part of all names of queues and keys, and the name of the schema, so that several systems can share servers.
   * @default 'modelyard'
   */
  readonly prefix?: string;
  /** How long an empty receive waits, in seconds. @default 20 */
  readonly pollSeconds?: number;
  /** How long the servers may take to answer at the start, in seconds. @default 30 */
  readonly connectSeconds?: number;
  /** How long calls are kept. 0: they are not recorded. @default 30 */
  readonly callDays?: number;
  /** Names the databases and artifacts of the lifecycle. @default no lifecycle */
  readonly environment?: NodeJS.ProcessEnv;
  /** Receives one sentence per outage. */
  readonly onTrouble?: (message: string) => void;
}

/** Throws an error that names the missing or malformed variable. The error omits the value, which may be a password. */
export function rabbitRedisSettingsFrom(env: NodeJS.ProcessEnv): RabbitRedisSettings {
  const prefix = readOptional(env, ENV.prefix);
  if (prefix !== undefined && !/^[\w-]{1,40}$/.test(prefix)) {
    throw new ModelyardError('internal', `The environment variable ${ENV.prefix} may have letters, digits, _ and -.`);
  }
  return {
    amqpUrl: readUrl(env, ENV.amqpUrl, ['amqp:', 'amqps:'], 'amqp://user:password@host:5672'),
    redisUrl: readUrl(env, ENV.redisUrl, ['redis:', 'rediss:'], 'redis://host:6379/0', /^\/?\d*$/),
    ...(readOptional(env, ENV.databaseUrl) === undefined
      ? {}
      : { databaseUrl: readUrl(env, ENV.databaseUrl, ['postgres:', 'postgresql:'], DATABASE_EXAMPLE, /^\/.+$/) }),
    ...(prefix === undefined ? {} : { prefix }),
    pollSeconds: readInteger(env, ENV.pollSeconds, { min: 0, max: 20, default: 20 }),
    connectSeconds: readInteger(env, ENV.connectSeconds, { min: 0, max: 3600, default: 30 }),
    callDays: callDaysFrom(env),
    environment: env,
  };
}

/** The variables from which another process reads these settings. */
export const rabbitRedisEnvironment = (settings: RabbitRedisSettings): Record<string, string> => ({
  [ENV.platform]: 'rabbit-redis',
  [ENV.amqpUrl]: settings.amqpUrl,
  [ENV.redisUrl]: settings.redisUrl,
  ...(settings.prefix === undefined ? {} : { [ENV.prefix]: settings.prefix }),
  ...(settings.pollSeconds === undefined ? {} : { [ENV.pollSeconds]: String(settings.pollSeconds) }),
  ...(settings.connectSeconds === undefined ? {} : { [ENV.connectSeconds]: String(settings.connectSeconds) }),
});

function readUrl(
  env: NodeJS.ProcessEnv,
  name: EnvironmentName,
  protocols: readonly string[],
  example: string,
  path = /^/,
): string {
  const text = readRequired(env, name);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isKnown = url && protocols.includes(url.protocol) && url.hostname !== '' && path.test(url.pathname);
  if (isKnown && isDecodable(url)) return text;
  throw new ModelyardError('internal', `The environment variable ${name} must be a URL such as ${example}.`);
}

/** The clients decode these parts and fail on a `%` that is not escaped. */
function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    // Recovery: `readUrl` throws an error that names the variable.
    return false;
  }
}
