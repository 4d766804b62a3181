import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import type { LoadModel } from '#proto/modelyard/v1/model_process.ts';
import { CONNECTION_FD } from './frames.ts';
import type { ModelBackend, ModelExit, ModelProcess } from './model-backend.ts';
import { ModelConnection } from './model-connection.ts';
import { guardChild } from './process-guard.ts';

export interface ProcessBackendOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  /** @default the current directory */
  readonly folder?: string;
  /** @default those of this process */
  readonly environment?: NodeJS.ProcessEnv;
  /** The first message to a process whose code has no manifest and no descriptors. */
  readonly load?: LoadModel;
  /** Standard output and standard error of the process. @default 'inherit' */
  readonly output?: 'inherit' | 'ignore';
}

/** Time between the end of the connection and SIGKILL. */
const CLOSE_MS = 1000;
/** Limit for reading the connection after the exit. A process that the model has started may hold it open. */
const DRAIN_MS = 1000;

/** Runs the model in a child process, connected by a socket pair. The child ends when this process ends. */
export const processBackend = (options: ProcessBackendOptions): ModelBackend => ({
  launch: () => launch(options),
});

function launch(options: ProcessBackendOptions): ModelProcess {
  const { command, arguments: args, folder, environment, load, output = 'inherit' } = options;
  const child = spawn(command, [...args], {
    stdio: ['ignore', output, output, 'pipe'],
    // A group of its own, so that what the model has started ends with it.
    detached: process.platform !== 'win32',
    ...(folder === undefined ? {} : { cwd: folder }),
    ...(environment === undefined ? {} : { env: environment }),
  });
  // The child detects the end of its connection only while its thread is free.
  const guard = guardChild(child, { atEnd: 'kill -s KILL -- "-$0"', detached: true });
  const socket = child.stdio[CONNECTION_FD] as Socket;
  const connection = new ModelConnection(socket);
  if (load) connection.load(load);
  let violation: string | undefined;
  socket.on('data', (chunk: Buffer) => {
    try {
      connection.receive(chunk);
    } catch (error) {
      violation ??= `broke the protocol: ${String(error)}`;
      killGroup(child);
    }
  });
  // A write failed because the process has ended. `exited` reports it.
  socket.on('error', () => undefined);

  const exited = untilExited(child, socket).then((ending): ModelExit => {
    guard?.kill('SIGKILL');
    killGroup(child);
    const { fatalError } = connection;
    const exit = { description: violation ?? (fatalError === undefined ? `${ending}.` : `${ending}: ${fatalError}`) };
    connection.ended(exit);
    return exit;
  });
  return {
    describe: () => connection.describe(),
    setUp: (variant, signal, weights) => connection.setUp(variant, signal, weights),
    run: (requests) => connection.run(requests),
    ping: () => connection.ping(),
    yieldToOthers: () => yieldToOthers(child.pid),
    kill: () => killGroup(child),
    async close() {
      socket.end();
      const late = setTimeout(() => killGroup(child), CLOSE_MS);
      await exited;
      clearTimeout(late);
    },
    exited,
  };
}

/** Ends a process and what it has started. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Recovery: the group has ended, or there are no groups.
    child.kill('SIGKILL');
  }
}

/** Best effort: some platforms refuse it, and the process may have ended. */
function yieldToOthers(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // Recovery: the process competes like any other.
  }
}

/** Resolves with how the process ended, when all its output was read. */
async function untilExited(child: ChildProcess, socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once('error', (error) => {
    if (child.pid === undefined) resolve(`could not be started (${error.message})`);
  });
  child.once('exit', (code, signal) => resolve(signal ? `was killed by ${signal}` : `ended with exit code ${code}`));
  const ending = await promise;
  if (!socket.closed) await Promise.race([once(socket, 'close'), new Promise((done) => setTimeout(done, DRAIN_MS))]);
  socket.destroy();
  return ending;
}
