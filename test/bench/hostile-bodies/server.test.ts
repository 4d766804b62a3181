import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const SERVER = fileURLToPath(new URL('server.ts', import.meta.url));

it('ends the measured server when the process that measures it is gone', async () => {
  const server = fork(SERVER, { execArgv: ['--disable-warning=ExperimentalWarning'] });
  onTestFinished(() => void server.kill('SIGKILL'));
  const ended = once(server, 'exit');
  await once(server, 'message');

  server.disconnect();

  expect(await ended).toEqual([0, null]);
});
