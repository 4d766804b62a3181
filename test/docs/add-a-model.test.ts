import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { cruiseTree, ROOT } from '../architecture/cruise.ts';
import { fileBlocks, readPage } from './pages.ts';

const COPIED = [
  'bin',
  'clients',
  'console',
  'lambdas',
  'lib',
  'lifecycle',
  'model-containers',
  'proto',
  'scripts',
  'buf.yaml',
  'package.json',
  'tsconfig.json',
];

/** The README says that it is like the others. */
const WORD_COUNT = `syntax = "proto3";
package models.word_count;
message WordCountRequest { string text = 1; }
message WordCountResponse { int32 words = 1; }
`;
/** Written by the command line. */
const INITIALIZED = [
  ['a_class', '--python'],
  ['a_function', '--typescript'],
  ['a_graph', '--onnx', join(ROOT, 'test/fixtures/onnx/shapes/model.onnx')],
];

const GRAPH_REQUEST = {
  ...{ count: 3, flags: [true, false], image: { shape: [1, 2], values: [1, 2] } },
  ...{ text: 'hello', scores: [1, 2, 3] },
};

/** Its packages may have to be installed first. */
const INSTALL_MS = 120_000;

describe('the models that the README adds', () => {
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'modelyard-readme-'));
    for (const path of COPIED) await cp(join(ROOT, path), join(root, path), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    for (const { path, text } of fileBlocks(readPage('README.md').text)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    await writeFile(join(root, 'proto/models/word_count.proto'), WORD_COUNT);
    await cp(join(import.meta.dirname, 'churn.onnx'), join(root, 'model-containers/models/churn/model.onnx'));
    run(process.execPath, 'scripts/generate.ts');
    for (const [name, ...options] of INITIALIZED) {
      run(process.execPath, 'bin/modelyard.ts', 'init', String(name), ...options);
    }
  }, INSTALL_MS);

  afterAll(() => rm(root, { recursive: true }));

  /** Runs a program in the copy; throws what it printed when it fails. */
  function run(program: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`);
    return stdout;
  }

  it('have contracts that pass the lint', () => {
    expect(() => run('node_modules/.bin/buf', 'lint')).not.toThrow();
  });

  it('compile with the strictness of the house', { timeout: INSTALL_MS }, async () => {
    await writeFile(
      join(root, 'tsconfig.readme.json'),
      JSON.stringify({ extends: './tsconfig.json', include: ['model-containers/models/word_count'] }),
    );

    expect(() => run('node_modules/.bin/tsc', '--project', 'tsconfig.readme.json')).not.toThrow();
  });

  it('keep the import rules', { timeout: 180_000 }, async () => {
    const folder = 'model-containers/models/word_count';

    const { modules } = await cruiseTree(root, [folder]);

    const own = modules.filter(({ source }) => source.startsWith(folder));
    expect(own.map(({ source, valid }) => ({ source, valid }))).toEqual([
      { source: `${folder}/manifest.ts`, valid: true },
      { source: `${folder}/model.ts`, valid: true },
    ]);
    expect(own.flatMap(({ dependencies }) => dependencies.filter(({ valid }) => !valid))).toEqual([]);
  });

  it(
    'are found by npm start, and answer',
    async () => {
      const system = spawn(process.execPath, ['bin/local.ts', '--port', '0', '--json'], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      onTestFinished(() => void system.kill('SIGKILL'));
      const url = await untilReady(system);

      const answers = await Promise.all(
        [
          ['sentiment', { text: 'A great and lovely but bad day' }],
          ['churn', { age: 40, income: 20_000 }],
          ['word_count', { text: 'A great day' }],
          ['a_class', { values: [1, 2] }],
          ['a_function', { values: [1, 2] }],
          ['a_graph', GRAPH_REQUEST],
        ].map(([model, request]) => predict(`${url}`, String(model), request)),
      );

      expect(answers).toMatchObject([
        { state: 'succeeded', result: { label: 'positive', score: 1 } },
        { state: 'succeeded', result: { probability: 0.5 } },
        { state: 'succeeded', result: { words: 3 } },
        { state: 'succeeded', result: { score: 3 } },
        { state: 'succeeded', result: { score: 3 } },
        {
          state: 'succeeded',
          result: { twice_count: '6', image_out: { values: [2, 4] }, text_out: 'hello', best: '2' },
        },
      ]);
      const ended = once(system, 'exit');
      system.kill('SIGINT');
      expect(await ended).toEqual([0, null]);
    },
    2 * INSTALL_MS,
  );
});

/** On a busy machine, an instance may need longer than the system waits before it tells what it has. */
async function predict(url: string, model: string, request: unknown): Promise<unknown> {
  await vi.waitFor(async () => expect((await fetch(`${url}/models/${model}`)).status).toBe(200), {
    timeout: INSTALL_MS,
    interval: 100,
  });
  const response = await fetch(`${url}/predict/${model}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request),
  });
  return response.json();
}

/** Where the API is; throws when the system ends before it is ready. */
async function untilReady({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error('The output of the system is not piped.');
  for await (const line of createInterface({ input: stdout })) {
    const { url } = JSON.parse(line) as { readonly url?: string };
    if (url) {
      stdout.resume();
      return url;
    }
  }
  throw new Error('The system ended before it was ready.');
}
