import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '#platform/platform.ts';
import { backendOf } from '#runtime/backends/backend-of.ts';
import type { ModelBackend } from '#runtime/backends/model-backend.ts';
import { SumsRequest, SumsResponse } from '#test/fixtures/proto/gen/models/sums.ts';
import { TallyRequest } from '#test/fixtures/proto/gen/models/tally_protobuf.ts';
import { pythonBackend, pythonFixture } from '#test/support/python.ts';
import { ROOT } from '../architecture/cruise.ts';

// `npm run bench:backends`: one run after the other through each backend, with a model that adds numbers. The first row
// decodes, adds and encodes in this process.
const { values } = parseArgs({ options: { runs: { type: 'string', default: '2000' } } });
const RUNS = Number(values.runs);
/** Doubles per request: 1 KB and 1 MB. */
const SIZES = [128, 131_072];
const CONTAINERS = join(ROOT, 'test/fixtures/containers');

const MODEL = `
  import { SumsRequest, SumsResponse } from '${ROOT}/test/fixtures/proto/gen/models/sums.ts';
  import { defineModel } from '${ROOT}/model-containers/runtime/define-model.ts';
  export default defineModel({
    manifest: { name: 'sums', description: 'Adds numbers.' },
    request: SumsRequest,
    response: SumsResponse,
    predict: (_, { values }) => ({ sum: values.reduce((sum, value) => sum + value, 0) }),
  });
`;
const surroundings = { python: '', containerUrl: undefined, environment: process.env };

/** Median milliseconds of a call. */
async function median(call: () => Promise<unknown>, runs: number): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const before = performance.now();
    await call();
    times.push(performance.now() - before);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}

type Encode = (values: readonly number[]) => Uint8Array;

async function measure(name: string, backend: ModelBackend, encode: Encode): Promise<string[]> {
  const launched = backend.launch();
  await launched.setUp(undefined, new AbortController().signal);
  const cells = [name];
  for (const size of SIZES) {
    const request = { taskId: 'task', attempt: 1, trace: undefined, body: encode(numbers(size)) };
    const runs = size > 1000 ? Math.ceil(RUNS / 20) : RUNS;
    const run = async () => {
      const [answer] = await Promise.all(launched.run([request]).answers);
      if (!answer || !('response' in answer)) throw new Error(JSON.stringify(answer));
    };
    await median(run, Math.ceil(runs / 4));
    cells.push((await median(run, runs)).toFixed(3));
  }
  await launched.close();
  return cells;
}

const numbers = (size: number) => Array.from({ length: size }, (_, i) => i / 7);
const sums: Encode = (list) => SumsRequest.encode({ action: 'add', values: list });
const tally: Encode = (list) => TallyRequest.encode({ action: 'add', values: list });

async function direct(): Promise<string[]> {
  const cells = ['direct call'];
  for (const size of SIZES) {
    const body = sums(numbers(size));
    const call = async () =>
      SumsResponse.encode({ sum: SumsRequest.decode(body).values.reduce((sum, value) => sum + value, 0) });
    await median(call, 200);
    cells.push((await median(call, 500)).toFixed(3));
  }
  return cells;
}

const folder = await mkdtemp(join(tmpdir(), 'modelyard-bench-'));
await writeFile(join(folder, 'model.ts'), MODEL);
const startedAt = systemClock.now();
const rows = [
  await direct(),
  await measure('TypeScript', await backendOf(folder, surroundings), sums),
  await measure('Python', await pythonBackend(pythonFixture('sums')), sums),
  await measure('container, protobuf', await backendOf(join(CONTAINERS, 'tally_protobuf'), surroundings), tally),
  await measure('container, json', await backendOf(join(CONTAINERS, 'tally_json'), surroundings), tally),
];
await rm(folder, { recursive: true });
const table = [['backend', '1 KB, p50 ms', '1 MB, p50 ms'], ['---', '---', '---'], ...rows];
process.stdout.write(`${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`);
process.stderr.write(`${RUNS} runs each, ${((systemClock.now() - startedAt) / 1000).toFixed(0)} s.\n`);
