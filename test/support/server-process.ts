import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithFile } from './child-processes.ts';

/** Below the ports that systems give to outgoing connections: one of those could take it before the server does. */
const PORTS = { first: 15_000, end: 32_000 } as const;

/** A port on which a server can be started, and started again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.first, PORTS.end);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    // Recovery: somebody else has it.
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

const exitCallbacks = new Set<() => void>();

/** Calls back when this process ends, through one listener for all. */
export function atExit(callback: () => void): void {
  if (exitCallbacks.size === 0) process.once('exit', () => exitCallbacks.forEach((each) => void each()));
  exitCallbacks.add(callback);
}

/** A server in its own process group. It is stopped only by its id. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<void>;
  #output = '';
  #hasExited = false;

  constructor(
    command: string,
    args: readonly string[],
    options: { env?: NodeJS.ProcessEnv; cwd: string; uid?: number; gid?: number },
  ) {
    this.#child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    endWithFile(this.#child, { inGroup: true });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-4000);
      });
    }
    this.#exit = new Promise((resolve) => {
      const ended = () => {
        this.#hasExited = true;
        resolve();
      };
      this.#child.once('exit', ended);
      this.#child.once('error', (error) => {
        this.#output += String(error);
        ended();
      });
    });
  }

  /** Resolves when `probe` resolves with true. Rejects with the server's output when it ends or exceeds the timeout. */
  async untilReady(probe: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
    const endsAt = Date.now() + timeoutMs;
    while (!(await probe())) {
      if (this.#hasExited || Date.now() > endsAt) throw new Error(`The server did not start:\n${this.#output}`);
      await sleep(50);
    }
  }

  /** Signals the whole group. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#hasExited) return;
    process.kill(-pid, signal);
  }

  /** Kills the whole group. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exit;
  }

  /** Sends the signal, then SIGKILL after 20 s. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { pid } = this.#child;
    if (pid !== undefined && !this.#hasExited) process.kill(pid, signal);
    const timer = setTimeout(() => this.signal('SIGKILL'), 20_000);
    await this.#exit;
    clearTimeout(timer);
  }
}
