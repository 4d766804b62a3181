import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import type { BrokerBinaries } from './broker-binaries.ts';
import { freePort, ServerProcess } from './server-process.ts';

/** A real Redis on a free port, with an append-only file as in production. */
export interface RedisServer {
  readonly url: string;
  /** The folder of its append-only files. */
  readonly data: string;
  /** Stops it in order and starts it on its data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Kills it, as a power failure does. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** `CONFIG SET` */
  configure(setting: string, value: string): Promise<void>;
  dispose(): Promise<void>;
}

export async function startRedis({ redis }: BrokerBinaries, args: readonly string[] = []): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-redis-'));
  const port = await freePort();
  let server: ServerProcess | undefined;

  async function start(): Promise<void> {
    const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', ''];
    server = new ServerProcess(redis, [...options, ...args], { cwd: folder });
    await server.untilReady(() => answersPing(port));
  }

  async function stop(): Promise<void> {
    await server?.stop();
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    data: folder,
    start,
    stop,
    async kill() {
      await server?.stop('SIGKILL');
    },
    async configure(setting, value) {
      const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
      await client.configSet(setting, value);
      client.destroy();
    },
    async restart() {
      await stop();
      await start();
    },
    async dispose() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Redis listens while it loads its data, but answers with an error. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (chunk) => {
      resolve(chunk.toString().startsWith('+PONG'));
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}
