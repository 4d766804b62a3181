import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '#platform/platform.ts';
import { backendOf } from '#runtime/backends/backend-of.ts';
import type { ModelBackend } from '#runtime/backends/model-backend.ts';
import { SumsRequest } from '#test/fixtures/proto/gen/models/sums.ts';
import { TallyRequest } from '#test/fixtures/proto/gen/models/tally_protobuf.ts';
import { pythonBackend, pythonFixture, pythonOf } from '#test/support/python.ts';
import { ROOT } from '../architecture/cruise.ts';
import { type Direct, inContainer, inNode, inPython, median, numbers } from './backends/direct.ts';

/**
 * `npm run bench:backends -- [--runs 2000]`: one run after the other through each backend, with a model that adds
 * numbers, beside the same model without an instance: a function in Node, a method in a Python process, a container that
 * is called over HTTP.
 */
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

type Encode = (values: readonly number[]) => Uint8Array;

async function measure(name: string, backend: ModelBackend, encode: Encode, direct: Direct): Promise<string[]> {
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
    const [alone, through] = [await direct(size, runs), await median(run, runs)];
    cells.push(alone.toFixed(3), through.toFixed(3));
  }
  await launched.close();
  return cells;
}

const sums: Encode = (list) => SumsRequest.encode({ action: 'add', values: list });
const tally: Encode = (list) => TallyRequest.encode({ action: 'add', values: list });

const folder = await mkdtemp(join(tmpdir(), 'modelyard-bench-'));
await writeFile(join(folder, 'model.ts'), MODEL);
const startedAt = systemClock.now();
const sumsInPython = pythonFixture('sums');
const inPythonProcess = await pythonBackend(sumsInPython);
const python = await pythonOf(sumsInPython);
const containerOf = (name: string) => backendOf(join(CONTAINERS, name), surroundings);
const rows = [
  await measure('TypeScript', await backendOf(folder, surroundings), sums, inNode),
  await measure('Python', inPythonProcess, sums, inPython(python, inPythonProcess)),
  await measure('container, `protobuf`', await containerOf('tally_protobuf'), tally, inContainer('protobuf')),
  await measure('container, `json`', await containerOf('tally_json'), tally, inContainer('json')),
];
await rm(folder, { recursive: true });
const heads = ['backend', '1 KB, directly', '1 KB', '1 MB, directly', '1 MB'];
const table = [heads, heads.map(() => '---'), ...rows];
process.stdout.write(`${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`);
const seconds = ((systemClock.now() - startedAt) / 1000).toFixed(0);
const load = loadavg().map((each) => each.toFixed(1));
process.stderr.write(`Median ms of ${RUNS} runs each, ${seconds} s; load of the machine ${load.join(', ')}.\n`);
