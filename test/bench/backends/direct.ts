import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HttpClient } from '#runtime/backends/http/http-client.ts';
import type { ModelBackend } from '#runtime/backends/model-backend.ts';
import { PYTHON_PACKAGE } from '#runtime/backends/model-entry.ts';
import { SumsRequest, SumsResponse } from '#test/fixtures/proto/gen/models/sums.ts';
import { TallyRequest, TallyResponse } from '#test/fixtures/proto/gen/models/tally_protobuf.ts';
import { pythonFixture } from '#test/support/python.ts';
import { freePort } from '#test/support/server-process.ts';
import { ROOT } from '../../architecture/cruise.ts';

/** Median milliseconds of calls of a model with so many numbers, without an instance. */
export type Direct = (size: number, calls: number) => Promise<number>;

export const numbers = (size: number): readonly number[] => Array.from({ length: size }, (_, i) => i / 7);

export async function median(call: () => Promise<unknown>, calls: number): Promise<number> {
  const times: number[] = [];
  for (let i = -Math.ceil(calls / 4); i < calls; i++) {
    const before = performance.now();
    await call();
    if (i >= 0) times.push(performance.now() - before);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(calls / 2)] ?? 0;
}

/** A function of this process that decodes, adds and encodes. */
export const inNode: Direct = (size, calls) => {
  const body = SumsRequest.encode({ action: 'add', values: numbers(size) });
  const sum = () => SumsRequest.decode(body).values.reduce((total, value) => total + value, 0);
  return median(async () => SumsResponse.encode({ sum: sum() }), calls);
};

/** The method of the class, called in a Python process that decodes and encodes. */
export function inPython(python: string, backend: ModelBackend): Direct {
  return async (size, calls) => {
    const folder = await mkdtemp(join(tmpdir(), 'modelyard-bench-'));
    const launched = backend.launch();
    try {
      const descriptors = join(folder, 'descriptors.binpb');
      await writeFile(descriptors, (await launched.describe()).contract.descriptorSet);
      const script = join(ROOT, 'test/bench/backends/direct.py');
      const args = [script, pythonFixture('sums'), descriptors, String(size), String(calls)];
      const env = { ...process.env, PYTHONPATH: PYTHON_PACKAGE };
      return Number((await promisify(execFile)(python, args, { env })).stdout);
    } finally {
      await launched.close();
      await rm(folder, { recursive: true });
    }
  };
}

/** A request over HTTP from this process, on a connection that stays open. JSON is written and parsed. */
export function inContainer(protocol: 'protobuf' | 'json'): Direct {
  return async (size, calls) => {
    const port = await freePort();
    const server = join(ROOT, 'test/fixtures/containers/server.ts');
    const container = spawn(process.execPath, [server, protocol, String(port)], { stdio: 'ignore' });
    try {
      const client = new HttpClient(`http://127.0.0.1:${port}`);
      const { signal } = new AbortController();
      await client.untilReady('/health', ({ status }) => status === 200, { signal });
      const request = { action: 'add', values: numbers(size) };
      const bytes = TallyRequest.encode(request);
      const post = (type: string, body: Uint8Array) => client.call({ path: '/predict', type, body }, signal);
      const asJson = async () =>
        JSON.parse((await post('application/json', Buffer.from(JSON.stringify(request)))).body.toString());
      const asBytes = async () => TallyResponse.decode((await post('application/x-protobuf', bytes)).body);
      return await median(protocol === 'json' ? asJson : asBytes, calls);
    } finally {
      container.kill();
    }
  };
}
