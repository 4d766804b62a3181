import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The gateway and one instance of model_a as separate processes. */
export interface System extends AsyncDisposable {
  /** The URL of the gateway. */
  readonly url: string;
}

interface SystemOptions {
  readonly amqpUrl: string;
  readonly redisUrl: string;
  readonly prefix: string;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const INSTANCE = {
  MODELYARD_MODEL: 'model_a',
  MODELYARD_HEALTH_HOST: '127.0.0.1',
  MODELYARD_HEALTH_PORT: '0',
};

/** Logs go to files, so that this process spends no CPU on them. */
export async function startSystem({ amqpUrl, redisUrl, prefix }: SystemOptions): Promise<System> {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-bench-'));
  const started: ChildProcess[] = [];
  const start = async (entry: string, more: Record<string, string>): Promise<Readonly<Record<string, unknown>>> => {
    const log = join(folder, `${started.length}.log`);
    await using output = await open(log, 'w');
    const child = spawn(process.execPath, [...process.execArgv, entry], {
      cwd: ROOT,
      env: { PLATFORM: 'rabbit-redis', AMQP_URL: amqpUrl, REDIS_URL: redisUrl, MODELYARD_PREFIX: prefix, ...more },
      stdio: ['ignore', output.fd, output.fd],
    });
    started.push(child);
    return untilReady(child, log);
  };
  const stop = async () => {
    for (const child of started) if (child.exitCode === null) child.kill('SIGTERM');
    await Promise.all(started.map((child) => (child.exitCode === null ? once(child, 'exit') : undefined)));
    await rm(folder, { recursive: true });
  };
  try {
    const { url } = await start('bin/gateway.ts', { MODELYARD_PORT: '0' });
    await start('model-containers/runtime/instance/main.ts', INSTANCE);
    return { url: String(url), [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilReady(child: ChildProcess, log: string): Promise<Readonly<Record<string, unknown>>> {
  for (;;) {
    const text = await readFile(log, 'utf8');
    const ready = text.split('\n').find((line) => line.includes('"message":"Ready."'));
    if (ready !== undefined) return JSON.parse(ready);
    if (child.exitCode !== null) throw new Error(`It ended before it was ready:\n${text}`);
    await sleep(50);
  }
}
