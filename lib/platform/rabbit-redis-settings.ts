import { ModelyardError } from '#core';
import { ENV, type EnvironmentName, readInteger, readOptional, readRequired } from './environment.ts';

/** Settings of the platform on RabbitMQ and Redis. */
export interface RabbitRedisSettings {
  /** For example `amqp://user:password@host:5672/vhost`, or with `amqps:`. */
  readonly amqpUrl: string;
  /** For example `redis://user:password@host:6379/0`, or with `rediss:`. */
  readonly redisUrl: string;
  /** First part of all names of queues and keys, so that several systems can share servers. @default 'modelyard' */
  readonly prefix?: string;
  /** How long an empty receive waits, in seconds. @default 20 */
  readonly pollSeconds?: number;
  /** How long the servers may take to answer at the start, in seconds. @default 30 */
  readonly connectSeconds?: number;
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
    ...(prefix === undefined ? {} : { prefix }),
    pollSeconds: readInteger(env, ENV.pollSeconds, { min: 0, max: 20, default: 20 }),
    connectSeconds: readInteger(env, ENV.connectSeconds, { min: 0, max: 3600, default: 30 }),
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
