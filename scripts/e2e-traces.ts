import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runToEnd, show } from './cloud/child.ts';

// `npm run e2e:traces` builds a collector of OpenTelemetry with Go, and sends it the traces of the end-to-end tests.
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COLLECTOR = join(ROOT, 'node_modules/.cache/modelyard/collector');
const SUITE = ['test/e2e/trail.test.ts', 'test/e2e/rabbit-redis/trail.test.ts'];

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
const { signal } = stop;
const sources = join(ROOT, 'test/tracing/collector');
await runToEnd('go', ['build', '-trimpath', '-o', COLLECTOR, '.'], { cwd: sources, environment: process.env, signal });
const environment = { ...process.env, OTEL_COLLECTOR: COLLECTOR };
const passed = await show('node_modules/.bin/vitest', ['run', ...SUITE], { cwd: ROOT, environment, signal });
process.exitCode = passed ? 0 : 1;
