import { spawn } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { guardChild } from '../process-guard.ts';

/** A program that serves HTTP, started for this process. */
export interface ContainerProcess {
  readonly url: string;
  /** Rejects when the program ends; never resolves. */
  readonly ended: Promise<never>;
}

/** Stops the program and all of its children. */
const STOP_GROUP = 'kill -s TERM -- "-$0"; sleep 1; kill -s KILL -- "-$0"';

/** Starts `command` in `folder` with a free port for `{port}`. */
export async function startContainer(
  command: readonly [string, ...string[]],
  folder: string,
): Promise<ContainerProcess> {
  const port = String(await freePort());
  const [program, ...args] = command.map((part) => part.replaceAll('{port}', port));
  const child = spawn(String(program), args, {
    cwd: folder,
    // A group of its own, so that the guard reaches its children.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(new Error(`The command ${program} cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) => {
      const how = signal ? `was killed by ${signal}` : `ended with exit code ${code}`;
      reject(new Error(`The command ${program} ${how}.`));
    });
  });
  ended.catch(() => undefined);
  guardChild(child, { atEnd: STOP_GROUP, detached: true });
  return { url: `http://localhost:${port}`, ended };
}

/** Free on all addresses, so on both of `localhost`. */
async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
