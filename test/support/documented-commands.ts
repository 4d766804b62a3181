import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A server of this machine that stands for a service of compose.yaml. */
export interface Service {
  /** The folder that stands for its volume. */
  readonly data?: string;
  /** Its address, for programs of its image. */
  readonly environment?: Readonly<Record<string, string>>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Ends it, and deletes what it has stored. */
  destroy(): Promise<void>;
}

interface Place {
  readonly services: Readonly<Record<string, Service>>;
  /** Where the commands write and read files. */
  readonly folder: string;
}

/** What is done for a command, by its arguments. */
type Meaning = (place: Place, ...args: string[]) => Promise<unknown>;

const MEANINGS: readonly (readonly [RegExp, Meaning])[] = [
  [/^stop (.+)$/, ({ services }, names = '') => each(services, names, (service) => service.stop())],
  [/^start (.+)$/, ({ services }, names = '') => each(services, names, (service) => service.start())],
  [/^down --volumes$/, ({ services }) => each(services, '', (service) => service.destroy())],
  [/^up --no-start$/, async () => undefined],
  [/^up --wait(?: (.+))?$/, ({ services }, names = '') => each(services, names, (service) => service.start())],
  [
    /^cp (\S+):\S+ - > (\S+)$/,
    ({ services, folder }, name = '', file = '') =>
      run('tar', ['--create', '--file', join(folder, file), '--directory', dataOf(services, name), '.']),
  ],
  [
    /^cp - (\S+):\S+ < (\S+)$/,
    ({ services, folder }, name = '', file = '') =>
      run('tar', ['--extract', '--file', join(folder, file), '--directory', dataOf(services, name)]),
  ],
  [
    /^exec -T (\S+) (.+)$/,
    ({ services, folder }, name = '', command = '') =>
      run('sh', ['-c', command], { cwd: folder, env: { PATH: process.env.PATH, ...services[name]?.environment } }),
  ],
];

/** Runs commands of docker compose, one a line, on servers of this machine. Rejects for a command that it does not know. */
export async function runDocumented(commands: string, place: Place): Promise<void> {
  for (const line of commands.trim().split('\n')) {
    const asked = line.replace(/^docker compose /, '');
    const known = MEANINGS.find(([pattern]) => pattern.test(asked));
    if (!known || asked === line) throw new Error(`No meaning is known for: ${line}`);
    const [pattern, mean] = known;
    await mean(place, ...(pattern.exec(asked) ?? []).slice(1));
  }
}

/** One after the other, in the order of the names. Without names: all services. */
async function each(services: Place['services'], names: string, act: (service: Service) => Promise<void>) {
  for (const name of names === '' ? Object.keys(services) : names.split(' ')) {
    const service = services[name];
    if (!service) throw new Error(`There is no service ${name}.`);
    await act(service);
  }
}

function dataOf(services: Place['services'], name: string): string {
  const data = services[name]?.data;
  if (data === undefined) throw new Error(`There is no volume of ${name}.`);
  return data;
}
