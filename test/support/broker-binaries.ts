import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Folders of the Debian and RabbitMQ packages that are not in PATH. */
const MORE_FOLDERS = ['/usr/lib/rabbitmq/bin', '/usr/sbin', '/usr/local/sbin', '/opt/rabbitmq/sbin'];

/** The path of a program. Undefined when it is not installed. */
export const findBinary = (name: string, first: readonly string[] = []): string | undefined =>
  [...first, ...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS]
    .map((folder) => join(folder, name))
    .find(isExecutable);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Recovery: try the next folder.
    return false;
  }
}

export interface BrokerBinaries {
  readonly redis: string;
  /** The script itself: Debian's wrapper requires its own user and folders. */
  readonly rabbitmq: string;
  /** Erlang's name service. RabbitMQ would leave its own running. */
  readonly epmd: string;
}

const HOW = 'apt-get install -y redis-server rabbitmq-server';

/**
 * The installed servers, or those of RABBITMQ_SERVER and REDIS_SERVER. When they are missing, prints that and returns
 * undefined, or throws with REQUIRE_BROKERS=1.
 */
export function findBrokers(suite: string): BrokerBinaries | undefined {
  const redis = chosen('REDIS_SERVER') ?? findBinary('redis-server');
  const rabbitmq = chosen('RABBITMQ_SERVER') ?? findBinary('rabbitmq-server', ['/usr/lib/rabbitmq/bin']);
  const epmd = findBinary('epmd');
  if (redis !== undefined && rabbitmq !== undefined && epmd !== undefined) return { redis, rabbitmq, epmd };
  const program = [redis ? [] : 'redis-server', rabbitmq && epmd ? [] : 'rabbitmq-server'].flat().join(' and ');
  return notRun({ suite, program, how: HOW, required: 'REQUIRE_BROKERS' });
}

interface MissingProgram {
  readonly suite: string;
  readonly program: string;
  /** The command that installs it. */
  readonly how: string;
  /** The variable that makes it an error. */
  readonly required: string;
}

/** Prints that a suite cannot run here and returns undefined. Throws if the variable is `1`. */
export function notRun({ suite, program, how, required }: MissingProgram): undefined {
  if (process.env[required] === '1') throw new Error(`${required}=1, but there is no ${program} here. Install: ${how}`);
  process.stderr.write(`NOT RUN: ${suite}, because there is no ${program} here. To run it: ${how}; npm test\n`);
}

/** A program that a variable names. Throws when it does not exist. */
function chosen(variable: 'RABBITMQ_SERVER' | 'REDIS_SERVER'): string | undefined {
  const path = process.env[variable];
  if (!path) return undefined;
  if (!isExecutable(path)) throw new Error(`${variable} is ${path}, where there is no program.`);
  return path;
}
