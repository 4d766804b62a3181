import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrokerBinaries } from './broker-binaries.ts';
import { freePort, ServerProcess } from './server-process.ts';

/** A real RabbitMQ with its own node name, ports, cookie and folders. */
export interface RabbitMqServer {
  readonly url: string;
  /** The folder of its messages and definitions. */
  readonly data: string;
  stop(): Promise<void>;
  /** Kills it without warning. */
  kill(): Promise<void>;
  start(): Promise<void>;
  restart(): Promise<void>;
  dispose(): Promise<void>;
}

/** `config`: additional lines of `rabbitmq.conf`. `erlang`: settings that this file does not support. */
export async function startRabbitMq(
  binaries: BrokerBinaries,
  config: readonly string[] = [],
  erlang = '',
): Promise<RabbitMqServer> {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-rabbitmq-'));
  const [port, distributionPort, epmdPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const prepared = await prepare(folder, { port, distributionPort, epmdPort }, config);
  const erlangArgs = `${prepared.RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS} ${erlang}`.trim();
  const env = { ...prepared, RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: erlangArgs };
  // In the foreground, because RabbitMQ would start a name service that outlives it.
  const epmd = new ServerProcess(binaries.epmd, ['-port', `${epmdPort}`, '-address', '127.0.0.1'], { cwd: folder });
  await epmd.untilReady(() => accepts(epmdPort));
  let server: ServerProcess | undefined;

  async function start(): Promise<void> {
    server = new ServerProcess(binaries.rabbitmq, [], { cwd: folder, env });
    await server.untilReady(() => greets(port));
  }

  async function stop(): Promise<void> {
    await server?.stop();
  }

  await start();
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    data: join(folder, 'data'),
    start,
    stop,
    async kill() {
      await server?.kill();
    },
    async restart() {
      await stop();
      await start();
    },
    async dispose() {
      await stop();
      await epmd.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Ports {
  readonly port: number;
  readonly distributionPort: number;
  readonly epmdPort: number;
}

async function prepare(folder: string, ports: Ports, config: readonly string[]): Promise<NodeJS.ProcessEnv> {
  const plugins = join(folder, 'enabled_plugins');
  const configFile = join(folder, 'rabbitmq.conf');
  const environmentFile = join(folder, 'rabbitmq-env.conf');
  await Promise.all([
    writeFile(plugins, '[].\n'),
    writeFile(environmentFile, ''),
    writeFile(configFile, [`listeners.tcp.local = 127.0.0.1:${ports.port}`, ...config, ''].join('\n')),
  ]);
  const cookie = randomBytes(12).toString('hex');
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: folder,
    RABBITMQ_NODENAME: `modelyard-${ports.port}@localhost`,
    RABBITMQ_DIST_PORT: `${ports.distributionPort}`,
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_CONFIG_FILE: configFile,
    RABBITMQ_CONF_ENV_FILE: environmentFile,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-setcookie ${cookie} -kernel inet_dist_use_interface {127,0,0,1}`,
    ERL_EPMD_PORT: `${ports.epmdPort}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
}

const accepts = (port: number): Promise<boolean> => exchange(port, '', () => true, true);

/** RabbitMQ answers a protocol header as soon as it accepts connections. */
const greets = (port: number): Promise<boolean> =>
  exchange(port, 'AMQP\0\0\u0009\u0001', (first) => first === 1, false);

function exchange(
  port: number,
  hello: string,
  isAnswer: (firstByte: number | undefined) => boolean,
  connected: boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      if (connected) {
        resolve(true);
        socket.destroy();
      } else socket.write(hello, 'latin1');
    });
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('data', (chunk) => {
      resolve(isAnswer(chunk[0]));
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}
