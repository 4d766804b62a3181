import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { LoadModel } from '#proto/modelyard/v1/model_process.ts';
import { CONNECTION_FD } from './frames.ts';
import type { ModelBackend, ModelExit, ModelProcess } from './model-backend.ts';
import { ModelConnection } from './model-connection.ts';

export interface ProcessBackendOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  /** @default that of this process */
  readonly folder?: string;
  /** @default the variables of this process */
  readonly environment?: NodeJS.ProcessEnv;
  /** What a process is told first whose code has no manifest and no descriptors. */
  readonly load?: LoadModel;
  /** Where its standard output and standard error go. @default to those of this process */
  readonly output?: 'inherit' | 'ignore';
}

/** From the end of the connection until the process is killed. */
const CLOSE_MS = 1000;
/** A descendant of the model may hold the connection open after the model is gone. */
const DRAIN_MS = 1000;

/** Runs the model in a child process, connected by a socket pair. The child does not outlive this process. */
export const processBackend = (options: ProcessBackendOptions): ModelBackend => ({
  launch: () => launch(options),
});

function launch(options: ProcessBackendOptions): ModelProcess {
  const { command, arguments: args, folder, environment, load, output = 'inherit' } = options;
  const child = spawn(command, [...args], {
    stdio: ['ignore', output, output, 'pipe'],
    ...(folder === undefined ? {} : { cwd: folder }),
    ...(environment === undefined ? {} : { env: environment }),
  });
  const guard = guardOrphan(child);
  const socket = child.stdio[CONNECTION_FD] as Socket;
  const connection = new ModelConnection(socket);
  if (load) connection.load(load);
  let violation: string | undefined;
  socket.on('data', (chunk: Buffer) => {
    try {
      connection.receive(chunk);
    } catch (error) {
      violation ??= `broke the protocol: ${String(error)}`;
      child.kill('SIGKILL');
    }
  });
  // A write to a process that has just ended; `exited` tells of the end.
  socket.on('error', () => undefined);

  const exited = untilGone(child, socket).then((ending): ModelExit => {
    guard?.kill('SIGKILL');
    const { lastWords } = connection;
    const exit = { description: violation ?? (lastWords === undefined ? `${ending}.` : `${ending}: ${lastWords}`) };
    connection.ended(exit);
    return exit;
  });
  return {
    describe: () => connection.describe(),
    setUp: (variant, signal) => connection.setUp(variant, signal),
    run: (requests) => connection.run(requests),
    ping: () => connection.ping(),
    kill: () => void child.kill('SIGKILL'),
    async close() {
      socket.end();
      const late = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
      await exited;
      clearTimeout(late);
    },
    exited,
  };
}

/** Resolves with how the process ended, when everything it sent was received. */
async function untilGone(child: ChildProcess, socket: Socket): Promise<string> {
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

/**
 * Kills the child when this process is gone, however it ended: the child sees the end of its connection only
 * while its thread is free. A shell waits for the end of a pipe; a second thread in the child would cost 16 MB.
 */
function guardOrphan({ pid }: ChildProcess): ChildProcess | undefined {
  if (pid === undefined || process.platform === 'win32') return undefined;
  const script = 'trap "" INT TERM HUP; read -r _; kill -9 "$0"';
  const guard = spawn('/bin/sh', ['-c', script, String(pid)], { stdio: ['pipe', 'ignore', 'ignore'] });
  // An image without a shell: there, the end of the container ends the child.
  guard.on('error', () => undefined);
  guard.stdin?.on('error', () => undefined);
  guard.unref();
  return guard;
}
