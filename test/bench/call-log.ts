import { parseArgs } from 'node:util';
import { type RunningSystem, startSystem } from './embedded/system.ts';
import { createClient } from './load/client.ts';
import { interval, median } from './paired.ts';

/**
 * What the call log adds to the median latency of a prediction, through `npm start` with one caller. Two systems run
 * side by side, one without the log, and take turns within each round, so that other programs on the machine slow both
 * down alike. Each round starts them anew: one start may be faster than another one for as long as it runs. Ends with 1
 * when the median of the paired differences is at or above max(3 %, 0.1 ms).
 *
 *   npm run bench:call-log -- [--rounds 10] [--predictions 500]
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '10' }, predictions: { type: 'string', default: '500' } },
});
const ROUNDS = Number(values.rounds);
const PREDICTIONS = Number(values.predictions);
/** Predictions of one system before it is the other one's turn. */
const TURN = 50;
const WARM_UP = 300;

const candidate = { name: 'sqlite', checkout: process.cwd(), args: [], hasDataFolder: true };
const startWith = (days: string) => startSystem({ ...candidate, environment: { MODELYARD_CALL_DAYS: days } });

const say = (text: string): void => void process.stdout.write(`${text}\n`);
async function predict({ url }: RunningSystem, count: number): Promise<number[]> {
  using client = createClient(url, { 'Content-Type': 'application/json' });
  const latencies: number[] = [];
  while (latencies.length < count) {
    const sentAt = performance.now();
    const { body } = await client.ask({
      ...{ method: 'POST', path: '/predict/model_a', body: '{"data": "example"}' },
      signal: AbortSignal.timeout(60_000),
    });
    // The instance may register after the system has told that it is ready.
    if (body?.state === 'succeeded') latencies.push(performance.now() - sentAt);
  }
  return latencies;
}

/** The medians without and with the call log, of two systems that were just started. */
async function measureRound(round: number): Promise<readonly [number, number]> {
  const started = await Promise.all(['0', '30'].map(startWith));
  const [without, with30] = started as [RunningSystem, RunningSystem];
  try {
    for (const system of started) await predict(system, WARM_UP);
    const [off, on]: [number[], number[]] = [[], []];
    for (let at = 0; at < PREDICTIONS; at += TURN) {
      // Who is first alternates too.
      const turns = [
        async () => off.push(...(await predict(without, TURN))),
        async () => on.push(...(await predict(with30, TURN))),
      ];
      for (const turn of (at / TURN + round) % 2 === 0 ? turns : turns.toReversed()) await turn();
    }
    return [median(off), median(on)];
  } finally {
    await Promise.all(started.map((system) => system.stop()));
  }
}

const differences: number[] = [];
const bases: number[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  const [base, logged] = await measureRound(round);
  bases.push(base);
  differences.push(logged - base);
  say(`round ${round}: p50 ${base.toFixed(3)} ms without, ${logged.toFixed(3)} ms with the call log`);
}
const added = median(differences);
const limit = Math.max(0.03 * median(bases), 0.1);
const range = interval(differences)
  .map((ms) => ms.toFixed(3))
  .join(' to ');
say(`The call log adds ${added.toFixed(3)} ms to the median (${range} ms); the limit is ${limit.toFixed(3)} ms.`);
process.exitCode = added < limit ? 0 : 1;
