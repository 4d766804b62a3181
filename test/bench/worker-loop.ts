/**
 * CPU per task of the worker loop over memory adapters, with a model that does nothing: called directly, and in a
 * process of its own, of which the CPU counts too. Also the cost of starting that process.
 * Run by hand: `npm run bench:worker`. Goal: the process adds at most 100 µs.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { contractOf } from '#contract';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import type { ModelBackend, ModelProcess } from '#runtime/backends/model-backend.ts';
import { MODEL_ENTRY } from '#runtime/backends/model-entry.ts';
import { processBackend } from '#runtime/backends/process-backend.ts';
import { createTestWorker } from '#test/support/test-worker.ts';

const ROUNDS = 7;
const TASKS = 10_000;
/** Requests before the measurement, so that the compiler of a new process is done. */
const WARM_UP = 20_000;
const STARTS = 5;
const ECHO = fileURLToPath(new URL('../fixtures/isolation/echo', import.meta.url));
const never = new AbortController().signal;

const request = (value: number) => ({
  taskId: 'bench',
  attempt: 1,
  trace: undefined,
  body: ModelBRequest.encode({ value }),
});

/** Calls the model where the worker runs, with the same codecs and nothing else. */
const directBackend = (slots: number): ModelBackend => ({
  launch: () => ({
    describe: async () => ({
      manifest: { name: 'model_b', description: 'Echo.', slots },
      contract: contractOf(ModelBRequest, ModelBResponse),
    }),
    setUp: async () => undefined,
    run: (requests) => ({
      answers: requests.map(async ({ body }) => ({
        response: ModelBResponse.encode({ value: ModelBRequest.decode(body).value }),
      })),
      abort: () => undefined,
    }),
    ping: async () => undefined,
    kill: () => undefined,
    close: async () => undefined,
    exited: new Promise(() => undefined),
  }),
});

const launchEcho = (): ModelProcess =>
  processBackend({ command: process.execPath, arguments: [MODEL_ENTRY, ECHO] }).launch();

/** Microseconds of CPU that the process of the model has used. */
async function cpuOf(model: ModelProcess): Promise<number> {
  const [answer] = await Promise.all(model.run([request(-1)]).answers);
  if (!answer || !('response' in answer)) throw new Error('The model did not tell its CPU time.');
  return ModelBResponse.decode(answer.response).value;
}

/** The process of the echo, described with so many slots. */
function echoBackend(slots: number): { readonly backend: ModelBackend; readonly process: () => ModelProcess } {
  const launched = launchEcho();
  const describe = async () => {
    const description = await launched.describe();
    return { ...description, manifest: { ...description.manifest, slots } };
  };
  return { backend: { launch: () => ({ ...launched, describe }) }, process: () => launched };
}

/** Microseconds of CPU per task, of this process and of that of the model. */
async function round(backend: ModelBackend, model?: () => ModelProcess): Promise<number> {
  const bench = createTestWorker({ backend });
  for (let value = 0; value < TASKS; value++) await bench.submit(value);
  const modelBefore = model ? await readyCpu(model()) : 0;
  const before = process.cpuUsage();
  void bench.start();
  while (bench.outcomes.length < TASKS) await new Promise((resolve) => setImmediate(resolve));
  const { user, system } = process.cpuUsage(before);
  const modelUsed = model ? (await cpuOf(model())) - modelBefore : 0;
  await bench.stop();
  await bench.platform.close();
  return (user + system + modelUsed) / TASKS;
}

/** CPU of a process that is set up and warm. A second setup by the worker changes nothing. */
async function readyCpu(model: ModelProcess): Promise<number> {
  await model.setUp(undefined, never);
  for (let i = 0; i < WARM_UP; i++) await model.run([request(i)]).answers[0];
  return cpuOf(model);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Proportional share of memory, in MiB, by the process id in a file of the kernel; undefined elsewhere than on Linux. */
function memoryOf(pid: string): number | undefined {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024;
  } catch {
    return undefined;
  }
}

/** Process ids of the children of this process that run a model. */
function modelPids(): string[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
  return children.filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(MODEL_ENTRY));
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

for (const slots of [1, 8]) {
  const direct: number[] = [];
  const isolated: number[] = [];
  const added: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    direct.push(await round(directBackend(slots)));
    const { backend, process: model } = echoBackend(slots);
    isolated.push(await round(backend, model));
    added.push((isolated[i] ?? 0) - (direct[i] ?? 0));
  }
  say(`${slots} slots, µs of CPU per task over all processes (median of ${ROUNDS} × ${TASKS} tasks):`);
  say(`  direct ${median(direct).toFixed(1)}, in a process ${median(isolated).toFixed(1)}`);
  say(`  the process adds ${median(added).toFixed(1)} (median of paired differences)`);
}

const started: number[] = [];
const cpu: number[] = [];
const memory: number[] = [];
for (let i = 0; i < STARTS; i++) {
  const before = performance.now();
  const model = launchEcho();
  await model.setUp(undefined, never);
  started.push(performance.now() - before);
  cpu.push((await cpuOf(model)) / 1000);
  const [pid = ''] = modelPids();
  const mib = memoryOf(pid);
  if (mib !== undefined) memory.push(mib);
  await model.close();
}
say(`start of the process: ${median(started).toFixed(0)} ms until ready, ${median(cpu).toFixed(0)} ms of CPU`);
if (memory.length > 0) say(`memory of the process: ${median(memory).toFixed(0)} MiB (proportional share)`);
