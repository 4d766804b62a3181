import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { guardChild } from '#runtime/backends/process-guard.ts';

it('leaves the process alone in an image without a shell', async () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' });
  const guard = guardChild(child, { atEnd: 'kill -9 "$0"', shell: '/nowhere/sh' });
  if (guard?.exitCode === null) await once(guard, 'error').catch(() => undefined);

  expect(guard?.pid).toBeUndefined();
  expect(child.exitCode).toBeNull();
  child.kill('SIGKILL');
});

it('acts on the child at the end of its pipe', async () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' });
  const guard = guardChild(child, { atEnd: 'kill -9 "$0"' });

  guard?.stdin?.end();

  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
});
