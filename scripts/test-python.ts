import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createEventLogger, toJsonLine } from '#gateway/log-event.ts';
import { ROOT } from '#local/instance-command.ts';
import { PythonEnvironments } from '#local/python-environment.ts';

// `npm run test:python` checks the types of the Python package and runs its tests, in a virtual environment.
const PACKAGE = join(ROOT, 'model-containers', 'python');
const logger = createEventLogger((event) => process.stderr.write(`${toJsonLine('python', event)}\n`));

const python = await new PythonEnvironments(logger).pythonOf(PACKAGE);
for (const args of [
  ['-m', 'mypy', '.'],
  ['-m', 'pytest', '--quiet', ...process.argv.slice(2)],
]) {
  const { status } = spawnSync(python, args, { cwd: PACKAGE, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
