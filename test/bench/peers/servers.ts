import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PythonEnvironments } from '#local/python-environment.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

/** A server of models that Modelyard is compared with. */
interface Peer {
  readonly name: string;
  /** Below `test/bench/peers`. */
  readonly folder: string;
  readonly path: string;
  readonly health: string;
  /** A program of its virtual environment, with arguments. */
  command(port: number): readonly [program: string, ...args: string[]];
  body(features: readonly number[]): unknown;
}

export const PEERS: readonly Peer[] = [
  {
    ...{ name: 'FastAPI + joblib', folder: 'fastapi', path: '/predict', health: '/health' },
    command: (port) => ['uvicorn', 'app:app', '--port', String(port), '--log-level', 'warning'],
    body: (features) => ({ features }),
  },
  {
    ...{ name: 'BentoML', folder: 'bentoml', path: '/predict', health: '/readyz' },
    command: (port) => ['bentoml', 'serve', 'service:Wine', '--host', '127.0.0.1', '--port', String(port)],
    body: (features) => ({ features: [features] }),
  },
  {
    ...{ name: 'MLServer', folder: 'mlserver', path: '/v2/models/wine/infer', health: '/v2/models/wine/ready' },
    command: () => ['mlserver', 'start', '.'],
    body: (features) => ({
      inputs: [{ name: 'predict', shape: [1, features.length], datatype: 'FP64', data: features }],
    }),
  },
];

const START_MS = 120_000;
const STOP_MS = 10_000;
const environments = new PythonEnvironments(silentLogger);
const run = promisify(execFile);

/** Installs a peer, trains its model and starts it on a free port. Rejects when it does not become ready. */
export async function startPeer({ folder, command, health }: Peer) {
  const source = join(import.meta.dirname, folder);
  const python = await environments.pythonOf(source);
  const cwd = await mkdtemp(join(tmpdir(), `modelyard-${folder}-`));
  await cp(source, cwd, { recursive: true });
  const file = join(cwd, 'model.joblib');
  await run(python, [join(import.meta.dirname, 'train.py'), file]);
  const port = await freePort();
  const [program, ...args] = command(port);
  const child = spawn(join(dirname(python), program), args, {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
    env: {
      ...process.env,
      ...{ MODEL_FILE: file, PATH: `${dirname(python)}:${process.env.PATH}`, BENTOML_DO_NOT_TRACK: 'true' },
      ...{ MLSERVER_HOST: '127.0.0.1', MLSERVER_HTTP_PORT: String(port), MLSERVER_GRPC_PORT: '0' },
      ...{ MLSERVER_METRICS_PORT: '0', MLSERVER_PARALLEL_WORKERS: '0', MLSERVER_DEBUG: 'false' },
    },
  });
  const close = async (): Promise<void> => {
    // BentoML's workers are in sessions of their own: it stops them itself.
    child.kill('SIGTERM');
    const late = setTimeout(() => process.kill(-Number(child.pid), 'SIGKILL'), STOP_MS);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    clearTimeout(late);
    await rm(cwd, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  for (const until = Date.now() + START_MS; Date.now() < until && child.exitCode === null; await sleep(200)) {
    const answer = await fetch(url + health).catch(() => undefined);
    if (answer?.ok) return { url, close };
  }
  await close();
  throw new Error(`${program} did not become ready.`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  return port;
}
