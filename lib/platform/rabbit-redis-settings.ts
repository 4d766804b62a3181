import { ModelyardError } from '#core';
import { ENV, type EnvironmentName, readInteger, readOptional, readRequired } from './environment.ts';

/** What the platform of RabbitMQ and Redis needs to know. */
export interface RabbitRedisSettings {
  /** `amqp://user:password@host:5672/vhost`, or `amqps:`. */
  readonly amqpUrl: string;
  /** `redis://user:password@host:6379/0`, or `rediss:`. */
  readonly redisUrl: string;
  /** What the names of all queues and keys begin with, so that several systems can share servers. @default 'modelyard' */
  readonly prefix?: string;
  /** How long an empty receive waits. @default 20 */
  readonly pollSeconds?: number;
  /** How long the servers may take to be there at the start. @default 30 */
  readonly connectSeconds?: number;
  /** Told, in one sentence, of each outage of a server. */
  readonly onTrouble?: (message: string) => void;
}

/** Throws a sentence naming the variable that is missing or wrong, without what it says: it may be a password. */
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

/** The environment that makes another process read these settings. */
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

/** Clients decode these, and stumble over a % in a password that should have been written as %25. */
function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    // Recovery: refused with a sentence that says which variable it is.
    return false;
  }
}
