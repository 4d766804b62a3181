import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

// `npm run bench:swap` predicts 200 times a second, deploys another version meanwhile, and rolls back. Exits with 1 when a
// prediction fails or an instance takes longer than 15 seconds to serve what is deployed.
const RATE = 200;
const QUIET_MS = 5_000;
const LIMIT_MS = 15_000;
const EXAMPLE = fileURLToPath(new URL('../../scripts/example.ts', import.meta.url));
const REQUEST = JSON.stringify({ rate: 2.5, change_1y: -0.05, change_5y: -0.2 });

const say = (text: string) => process.stdout.write(`${text}\n`);

await using system = await EmbeddedSystem.start();
const example = spawn(process.execPath, [EXAMPLE, system.url, '--first-half'], { stdio: 'ignore' });
await once(example, 'exit');

const post = (path: string, body: string) =>
  system.fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });

const statuses = new Map<number, number>();
const latencies: number[] = [];
let newest = '';

async function predict(): Promise<void> {
  const startedAt = performance.now();
  const response = await post('/predict/fertility', REQUEST);
  const { result } = (await response.json()) as { readonly result?: { readonly model_version: string } };
  latencies.push(performance.now() - startedAt);
  statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
  if (result) newest = result.model_version;
}

const stop = new AbortController();
async function keepPredicting(): Promise<void> {
  const open = new Set<Promise<void>>();
  const startedAt = performance.now();
  for (let sent = 0; !stop.signal.aborted; await sleep(5)) {
    for (const due = ((performance.now() - startedAt) * RATE) / 1000; sent < due; sent++) {
      const one = predict().finally(() => open.delete(one));
      open.add(one);
    }
  }
  await Promise.all(open);
}

/** Milliseconds from the answer of a deployment until a prediction has its version. */
async function untilServed(path: string, body: string, version: string): Promise<number> {
  const response = await post(path, body);
  if (response.status !== 201) throw new Error(`${path} was answered with ${response.status}.`);
  const startedAt = performance.now();
  while (newest !== version && performance.now() < startedAt + 4 * LIMIT_MS) await sleep(20);
  return performance.now() - startedAt;
}

const load = keepPredicting();
await sleep(QUIET_MS);
const swapMs = await untilServed('/models/fertility/deployments', '{"version":"2","force":true}', '2');
await sleep(QUIET_MS);
const rollbackMs = await untilServed('/models/fertility/rollback', '{}', '1');
await sleep(QUIET_MS);
stop.abort();
await load;

latencies.sort((a, b) => a - b);
const percentile = (share: number) => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
const failed = [...statuses].reduce((sum, [status, count]) => sum + (status === 200 ? 0 : count), 0);
say(
  `predictions  ${latencies.length} at ${RATE}/s, ${failed} failed (${[...statuses].map((each) => each.join(': ')).join(', ')})`,
);
say(`latency      p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms`);
say(`deployment   served after ${(swapMs / 1000).toFixed(1)} s`);
say(`rollback     served after ${(rollbackMs / 1000).toFixed(1)} s`);
if (failed > 0 || Math.max(swapMs, rollbackMs) > LIMIT_MS) process.exitCode = 1;
