/**
 * `npm run bench:embedded`: submit to result through the embedded system (HTTP, handlers, queue, store, one instance).
 * All processes share one machine, so the figures do not predict AWS.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const SECONDS = 10;
const WARM_UP = 200;

async function startSystem() {
  const child = spawn(process.execPath, ['bin/local.ts', '--port', '0', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`The system ended with code ${code}.`)));
    lines.on('line', (line) => {
      const { url } = JSON.parse(line) as { readonly url?: string };
      if (url) resolve(url);
    });
  });
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function predict(url: string): Promise<void> {
  const response = await fetch(`${url}/predict/model_a`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"data": "example"}',
  });
  const { state } = (await response.json()) as { readonly state: string };
  if (state !== 'succeeded') throw new Error(`A task is ${state} (${response.status}).`);
}

async function load(url: string, concurrency: number): Promise<readonly number[]> {
  const latencies: number[] = [];
  const end = performance.now() + SECONDS * 1000;
  const client = async () => {
    while (performance.now() < end) {
      const before = performance.now();
      await predict(url);
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  return latencies.sort((a, b) => a - b);
}

const percentile = (sorted: readonly number[], p: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))] ?? Number.NaN).toFixed(1);

const system = await startSystem();
try {
  for (let i = 0; i < WARM_UP; i++) await predict(system.url);
  for (const concurrency of [1, 32]) {
    const sorted = await load(system.url, concurrency);
    const rate = (sorted.length / SECONDS).toFixed(0);
    const [p50, p90, p99] = [50, 90, 99].map((p) => percentile(sorted, p));
    process.stdout.write(`concurrency ${concurrency}: ${rate} tasks/s, p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms\n`);
  }
} finally {
  await system.stop();
}
