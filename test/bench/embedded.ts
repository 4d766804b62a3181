import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Candidate, type RunningSystem, startSystem } from './embedded/system.ts';
import { createClient } from './load/client.ts';

/**
 * Submit to result through `npm start`: HTTP, handlers, queue, store and one instance, with 1 and with 32 callers.
 * Candidates take turns, because other programs on the machine slow all of them down alike:
 *
 *   npm run bench:embedded -- [--rounds 3] [--seconds 10] [--only sqlite|aws] [--against <folder of another checkout>]
 *
 * All processes share one machine with the callers, so the figures do not predict a deployment.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    only: { type: 'string' },
    against: { type: 'string' },
  },
});
const SECONDS = Number(values.seconds);
const CALLERS = [1, 32] as const;
const WARM_UP = 300;

const here = { checkout: process.cwd() };
const other: Candidate =
  values.against === undefined
    ? { ...here, name: 'aws (emulators)', args: ['--platform', 'aws'], hasDataFolder: false }
    : { checkout: values.against, name: values.against, args: [], hasDataFolder: false };
const sqlite: Candidate = { ...here, name: 'sqlite', args: [], hasDataFolder: true };
const candidates = [sqlite, other].filter(({ name }) => values.only === undefined || name.startsWith(values.only));

interface Measurement {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number | undefined;
}

const measured = new Map<string, Measurement[]>();
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const candidate of candidates) {
    const system = await startSystem(candidate);
    try {
      for (const callers of CALLERS) {
        const measurement = await measure(system, callers);
        const key = `${candidate.name}, ${callers} ${callers === 1 ? 'caller' : 'callers'}`;
        measured.set(key, [...(measured.get(key) ?? []), measurement]);
        process.stdout.write(`round ${round}: ${key}: ${text(measurement)}\n`);
      }
    } finally {
      await system.stop();
    }
  }
}
for (const [key, all] of measured) {
  const rates = all.map(({ rate }) => rate).toSorted((a, b) => a - b);
  const typical = all.find(({ rate }) => rate === rates[Math.floor(rates.length / 2)]);
  if (typical) process.stdout.write(`median: ${key}: ${text(typical)}\n`);
}

async function measure({ url, cpu }: RunningSystem, callers: number): Promise<Measurement> {
  using client = createClient(url, { 'Content-Type': 'application/json' });
  const signal = AbortSignal.timeout(1000 * SECONDS + 60_000);
  const predict = async (): Promise<void> => {
    const { status, body } = await client.ask({
      ...{ method: 'POST', path: '/predict/model_a', body: '{"data": "example"}', signal },
    });
    // A system that warms up may refuse some. The wait counts as latency.
    if (status === 429) return sleep(100).then(predict);
    if (body?.state !== 'succeeded') throw new Error(`A task is ${body?.state} (${status}).`);
  };
  // On a busy machine the instance may register after the system has told that it is ready.
  while (
    !(await predict().then(
      () => true,
      () => false,
    ))
  )
    await sleep(100);
  for (let at = 0; at < WARM_UP; at += callers) await Promise.all(Array.from({ length: callers }, predict));
  const latencies: number[] = [];
  const before = await cpu();
  const startedAt = performance.now();
  const endsAt = startedAt + 1000 * SECONDS;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < endsAt) {
        const sentAt = performance.now();
        await predict();
        latencies.push(performance.now() - sentAt);
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const after = await cpu();
  const sorted = latencies.toSorted((a, b) => a - b);
  const percentile = (share: number) => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
  return {
    rate: sorted.length / seconds,
    p50: percentile(0.5),
    p99: percentile(0.99),
    cpu: before === undefined || after === undefined ? undefined : (after - before) / sorted.length,
  };
}

function text({ rate, p50, p99, cpu }: Measurement): string {
  const each = cpu === undefined ? '' : `, ${cpu.toFixed(0)} µs of CPU per task`;
  return `${rate.toFixed(0)} tasks/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(1)} ms${each}`;
}
