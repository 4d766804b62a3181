import { join } from 'node:path';
import { runToEnd, show } from './cloud/child.ts';
import { ROOT, untilStopped } from './cloud/command.ts';

// `npm run e2e:traces` builds a collector of OpenTelemetry with Go, and sends it the traces of the end-to-end tests.
const COLLECTOR = join(ROOT, 'node_modules/.cache/modelyard/collector');
const SUITE = ['test/e2e/trail.test.ts', 'test/e2e/rabbit-redis/trail.test.ts'];

const signal = untilStopped();
const sources = join(ROOT, 'test/tracing/collector');
await runToEnd('go', ['build', '-trimpath', '-o', COLLECTOR, '.'], { cwd: sources, environment: process.env, signal });
const environment = { ...process.env, OTEL_COLLECTOR: COLLECTOR };
const passed = await show('node_modules/.bin/vitest', ['run', ...SUITE], { cwd: ROOT, environment, signal });
process.exitCode = passed ? 0 : 1;
