import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { LEG_VARIABLE, LEGS } from './legs.ts';

// `npm run lifecycle:databases` runs the suites of the lifecycle on PostgreSQL and on the subset of it that Aurora DSQL has.
const ROOT = join(import.meta.dirname, '..', '..');
const VITEST = join(ROOT, 'node_modules', '.bin', 'vitest');

for (const leg of LEGS) {
  process.stdout.write(`\n== on ${leg}\n`);
  const env = { ...process.env, [LEG_VARIABLE]: leg };
  const limits = ['--testTimeout=300000', '--hookTimeout=120000'];
  const child = spawn(process.execPath, [VITEST, 'run', 'test/lifecycle', ...limits, ...process.argv.slice(2)], {
    ...{ cwd: ROOT, env, stdio: 'inherit' },
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) process.exitCode = 1;
}
