/**
 * `npm run bench:handler`: CPU time and memory of the bundled submit handler per prediction that it waits for, on the
 * emulators. The memory of the Lambdas is chosen from it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { startEmulators } from '#local/emulators.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import model from '#models/model_a/model.ts';
import { awsEnvironment, createAwsPlatform } from '#platform/aws.ts';
import { runInstance } from '#test/support/in-process-model.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { bundleLambda } from '../../lib/bundling/bundle-lambda.ts';

const PREDICTIONS = 500;
/** Runs before the measurement, for the JIT compiler. */
const WARM_UP = 200;
/** Lambda gives one CPU per this much memory. */
const MIB_PER_CPU = 1769;
/** Lambda accepts 6 MB, including the response. */
const LARGEST = 5_000_000;
const SETTINGS_MIB = [128, 192, 256, 512];

/** Runs in a process with only the handler. */
const MEASURE = `
const { handler } = await import(process.argv[1]);
const event = (at, bytes = 980) => ({ resource: '/predict/{model}', path: '/predict/model_a', pathParameters: { model: 'model_a' },
  headers: { 'Content-Type': 'application/json' }, requestContext: { requestId: String(at) },
  body: JSON.stringify({ data: 'x'.repeat(bytes) }) });
const context = { awsRequestId: 'one', functionName: 'submit', getRemainingTimeInMillis: () => 28000 };
const ask = async (at, bytes) => { const { statusCode, body } = await handler(event(at, bytes), context);
  if (statusCode !== 200) throw new Error(body); };
const { user: u0, system: s0 } = process.cpuUsage();
await ask(0);
const { user: u1, system: s1 } = process.cpuUsage();
for (let at = 0; at < ${WARM_UP}; at++) await ask(at);
const { user, system } = process.cpuUsage();
for (let at = 0; at < ${PREDICTIONS}; at++) await ask(at);
const used = process.cpuUsage({ user, system });
const first = (u1 + s1 - u0 - s0) / 1000;
const { maxRSS } = process.resourceUsage();
for (let at = 0; at < 5; at++) await ask(at, ${LARGEST});
console.log(JSON.stringify({ first, large: process.resourceUsage().maxRSS / 1024, each: (used.user + used.system) / 1000 / ${PREDICTIONS}, rss: maxRSS / 1024 }));
process.exit(0);
`;

const emulators = await startEmulators();
const settings = localAwsSettings(emulators);
await provision(settings, ['model_a']);
const platform = createAwsPlatform(settings);
const stop = new AbortController();
const options = {
  ...{ platform, logger: silentLogger, id: 'one', image: 'test', runtimeVersion: 'test' },
  ...{ health: { host: '127.0.0.1', port: 0 }, leaseSeconds: 30, stopTimeoutMs: 5000 },
};
const running = runInstance(model, options, stop.signal);
const into = await realpath(await mkdtemp(join(tmpdir(), 'modelyard-handler-')));
try {
  await platform.clock.sleep(1000);
  const { entry } = await bundleLambda(fileURLToPath(new URL('../../lambdas/submit-task', import.meta.url)), into);
  const args = ['--input-type=module', '--eval', MEASURE, pathToFileURL(entry).href];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...awsEnvironment(settings), POWERTOOLS_DEV: 'true' },
  });
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const { first, each, rss, large } = JSON.parse(last) as Record<'first' | 'each' | 'rss' | 'large', number>;
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  say(`processor: ${first.toFixed(1)} ms for the first prediction, ${each.toFixed(2)} ms for each later one`);
  say(`memory: ${rss.toFixed(0)} MiB, and ${large.toFixed(0)} MiB with bodies of ${LARGEST} bytes`);
  for (const mib of SETTINGS_MIB)
    say(`  ${mib} MiB: ${((each * MIB_PER_CPU) / mib).toFixed(0)} ms on its share of a processor`);
} finally {
  stop.abort();
  await running;
  await platform.close();
  await emulators.close();
  await rm(into, { recursive: true });
}
