import { fileURLToPath } from 'node:url';
import { BundledProcess } from '#test/containers/bundled-process.ts';
import { NODE_ENVIRONMENT } from './node-environment.ts';
import type { RabbitRedis } from './rabbit-redis.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Short, so that tests can wait for its end. */
const LEASE_SECONDS = '3';

type Environment = Readonly<Record<string, string>>;

/** The URL of a gateway process, once it listens. */
export const urlOf = async (gateway: BundledProcess): Promise<string> => String((await gateway.untilReady()).url);

/** The processes of a system on RabbitMQ + Redis, started separately as in production, with one prefix. */
export function processesOn(servers: RabbitRedis, prefix: string) {
  const start = (entry: string, environment: Environment, args: readonly string[] = []) =>
    new BundledProcess(
      ROOT,
      {
        ...NODE_ENVIRONMENT,
        PLATFORM: 'rabbit-redis',
        AMQP_URL: servers.rabbitmq.url,
        REDIS_URL: servers.redis.url,
        MODELYARD_PREFIX: prefix,
        MODELYARD_POLL_SECONDS: '1',
        ...environment,
      },
      [entry, ...args],
    );
  return {
    gateway: (environment: Environment = {}) => start('bin/gateway.ts', { MODELYARD_PORT: '0', ...environment }),
    /** Everything in one process, as `npm start` runs it. */
    everything: (platform: string, environment: Environment = {}) =>
      start('bin/local.ts', environment, ['--port', '0', '--platform', platform]),
    instance: (model: string, environment: Environment = {}) =>
      start('model-containers/runtime/instance/main.ts', {
        MODELYARD_MODEL: model,
        MODELYARD_LEASE_SECONDS: LEASE_SECONDS,
        MODELYARD_HEALTH_HOST: '127.0.0.1',
        MODELYARD_HEALTH_PORT: '0',
        ...environment,
      }),
  };
}
