import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pythonTool } from '../../scripts/cloud/python-tools.ts';
import { freePort, ServerProcess } from './server-process.ts';

/** Serves a PostgreSQL database with the subset of SQL that Aurora DSQL has. */
const PROGRAM = `
import asyncio, sys
from ministack.core import pgproxy

async def main():
    await pgproxy.start_proxy('test', int(sys.argv[1]), '127.0.0.1', int(sys.argv[2]))
    await asyncio.Event().wait()

asyncio.run(main())
`;

/** The Python that has the emulator. Undefined, with a printed reason, where it cannot be installed. */
export async function findDsqlProxy(suite: string): Promise<string | undefined> {
  try {
    return join(dirname(await pythonTool('ministack')), 'python');
  } catch (error) {
    if (process.env.REQUIRE_BROKERS === '1') throw error;
    process.stderr.write(`NOT RUN: ${suite}, because the emulator is missing: ${String(error)}\n`);
    return undefined;
  }
}

/** Starts the proxy before a PostgreSQL server on this machine, which needs a role `postgres` without a password. */
export async function startDsqlProxy(python: string, postgresPort: number) {
  const port = await freePort();
  const server = new ServerProcess(python, ['-c', PROGRAM, String(port), String(postgresPort)], { cwd: tmpdir() });
  await server.untilReady(() => answers(port));
  return { port, stop: () => server.stop() };
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
