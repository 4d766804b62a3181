import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { endLeftovers, endWithFile } from './child-processes.ts';
import { NODE_ENVIRONMENT } from './node-environment.ts';

const SUPPORT = import.meta.dirname;
/** Starts a program as a test does, prints its process id, and never disposes of it. */
const NEGLECT = `
  import { spawn } from 'node:child_process';
  import { endWithFile } from '${SUPPORT}/child-processes.ts';
  const child = spawn('sleep', ['600'], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] });
  endWithFile(child, { inGroup: true });
  process.stdout.write(child.pid + '\\n');
`;

it.each([true, false])('kills what a file has started and left running (in a group: %s)', async (inGroup) => {
  const child = spawn('sleep', ['600'], { detached: inGroup });
  const ended = once(child, 'exit');
  endWithFile(child, { inGroup });

  endLeftovers();

  expect(await ended).toEqual([null, 'SIGKILL']);
});

it('kills it also when the process of the tests is killed', async () => {
  const tests = spawn(process.execPath, ['--input-type=module', '--eval', NEGLECT], {
    env: NODE_ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [pid] = await once(createInterface(tests.stdout), 'line');
  // The program holds the same pipe, so it closes when both have ended.
  const closed = once(tests, 'close');

  tests.kill('SIGKILL');

  expect(Number(pid)).toBeGreaterThan(0);
  expect(await closed).toEqual([null, 'SIGKILL']);
});
