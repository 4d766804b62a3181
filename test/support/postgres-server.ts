import { execFile } from 'node:child_process';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { findBinary, notRun } from './broker-binaries.ts';
import { freePort, ServerProcess } from './server-process.ts';

/** A real PostgreSQL on a free port of this machine, with an empty database. */
export interface PostgresServer {
  readonly url: string;
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  dispose(): Promise<void>;
}

const HOW = 'apt-get install -y postgresql';
const DEBIAN_FOLDER = '/usr/lib/postgresql';
const USER = 'modelyard';
/** PostgreSQL refuses to run as root, and then runs as `nobody` here. */
const NOBODY = 65_534;

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Like `findBrokers`. */
export async function findPostgres(suite: string): Promise<PostgresBinaries | undefined> {
  const versions = await readdir(DEBIAN_FOLDER).catch(() => []);
  const folders = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_FOLDER, version, 'bin'));
  const [initdb, postgres] = [findBinary('initdb', folders), findBinary('postgres', folders)];
  if (initdb !== undefined && postgres !== undefined) return { initdb, postgres };
  return notRun({ suite, program: 'PostgreSQL', how: HOW, required: 'REQUIRE_BROKERS' });
}

export async function startPostgres({ initdb, postgres }: PostgresBinaries): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-postgres-'));
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (identity.uid !== undefined) await chown(folder, identity.uid, identity.gid);
  const data = join(folder, 'data');
  const options = ['--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync', `--username=${USER}`];
  await promisify(execFile)(initdb, [`--pgdata=${data}`, ...options], { cwd: folder, ...identity });
  const port = await freePort();
  const url = `postgres://${USER}@127.0.0.1:${port}/postgres`;
  let server: ServerProcess | undefined;

  async function start(): Promise<void> {
    const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'fsync=off'];
    const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
    server = new ServerProcess(postgres, args, { cwd: folder, ...identity });
    await server.untilReady(() => answers(url));
  }

  await start();
  return {
    url,
    start,
    async stop(signal = 'SIGINT') {
      await server?.stop(signal);
    },
    async dispose() {
      await server?.stop('SIGINT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    // Recovery: it is still starting.
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
