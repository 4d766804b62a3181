import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, globSync } from 'node:fs';
import { appendFile, chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PYTHON = join(ROOT, 'model-containers', 'python');
const LIMIT_MS = 120_000;

let system: EmbeddedSystem;
let folder: string;

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in the empty folder, with a home of its own. */
async function run(program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const env = { PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`, HOME: folder, ...more };
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: folder, env, timeout: LIMIT_MS });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    return { code: Number(code), stdout, stderr };
  }
}

/** The URL of a system that prints JSON lines, when it is ready. */
async function readyAt({ stdout }: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: stdout as Readable })) {
    const { message, url } = JSON.parse(line) as { message?: string; url?: string };
    if (message === 'ready') return String(url);
  }
  throw new Error('It ended before it was ready.');
}

const modelyard = (...args: string[]): Promise<Ran> => run('npx', ['modelyard', ...args]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelyard-packages-'));
  system = await EmbeddedSystem.start();
  const packed = await run(process.execPath, [join(ROOT, 'scripts', 'packages.ts'), join(folder, 'packed')]);
  await writeFile(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  const installed = await run('npm', [
    'install',
    '--offline',
    '--no-audit',
    '--no-fund',
    ...packed.stdout.trim().split('\n'),
  ]);
  expect(installed.stderr).toBe('');
}, LIMIT_MS);

afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('the published packages, installed in an empty folder,', { timeout: LIMIT_MS }, () => {
  it('have the command line for an API', async () => {
    const help = await modelyard('--help');
    const { stdout: version } = await modelyard('--version');
    const models = await modelyard('models', '--json', '--url', system.url);
    const predicted = await modelyard('predict', 'model_a', '{"data": "example"}', '--url', system.url);
    const doctor = await modelyard('doctor', '--json', '--url', system.url);

    expect(help.stdout).toMatch(/predict .*submits a request/);
    expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(models.stdout).toContain('"gdp_growth_rate"');
    expect(predicted.stdout).toContain('Processed message: example');
    expect(JSON.parse(doctor.stdout)).toContainEqual(expect.objectContaining({ what: 'API', state: 'ok' }));
  });

  it('make a model of an ONNX file, and start everything', async () => {
    // Installs nothing: the packages of this repository are those of the lock.
    const programs = join(folder, 'programs');
    await mkdir(programs);
    const npm = join(programs, 'npm');
    await writeFile(npm, `#!/bin/sh\necho "npm $*" >&2\nln -s '${join(ROOT, 'node_modules')}' node_modules\n`);
    await chmod(npm, 0o755);
    const PATH = [programs, dirname(process.execPath), process.env.PATH].join(delimiter);
    await cp(join(ROOT, 'test/fixtures/onnx/fixed/model.onnx'), join(folder, 'churn.onnx'));
    const program = join(folder, 'node_modules', '.bin', 'modelyard');

    const made = await run(program, ['init', 'churn', '--onnx', 'churn.onnx'], { PATH });
    const child = spawn(program, ['start', '--', '--port', '0', '--json', '--memory'], {
      ...{ cwd: folder, env: { PATH, HOME: folder }, stdio: ['ignore', 'pipe', 'inherit'] },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const url = await readyAt(child);
    await appendFile(join(folder, 'node_modules', 'modelyard', 'sources.tgz'), 'a newer one');
    const upgraded = await run(program, ['cost', '--json'], { PATH });
    const predicted = await modelyard('predict', 'churn', '{"x":{"shape":[2,3],"values":[1,2,3,4,5,6]}}', '--url', url);
    child.kill('SIGTERM');
    const [code] = await once(child, 'close');

    expect(made.stderr).toMatch(
      /^Unpacking Modelyard into \.\/modelyard\.\nInstalling.*\nnpm ci --no-audit --no-fund\n$/,
    );
    expect(made.stdout).toMatch(/^Wrote modelyard\/proto\/models\/churn\.proto and .*npx modelyard start\n/s);
    expect(JSON.parse(predicted.stdout)).toEqual({ sum: { shape: ['2', '3'], values: [2, 4, 6, 8, 10, 12] } });
    expect([code, upgraded.code]).toEqual([0, 0]);
    expect(upgraded.stderr).toMatch(/^\.\/modelyard is of another version of this package, .*To upgrade, rename it/);
  });

  it('have the TypeScript client, with types of every model', async () => {
    const types = await modelyard('types', '--url', system.url);
    await writeFile(join(folder, 'models.ts'), types.stdout);
    const program = `
      import { Modelyard } from '@modelyard/client';
      import type { Models } from './models.ts';
      const client = new Modelyard<Models>({ url: '${system.url}' });
      const { message } = await client.predict('model_a', { data: 'typed' });
      const text: string = message;
      console.log(text);
    `;
    await writeFile(join(folder, 'program.ts'), program);
    await writeFile(join(folder, 'wrong.ts'), program.replace("'typed'", '1').replace('text: string', 'text: number'));
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--lib',
      'es2024,dom',
    ];
    const check = (file: string) => run(process.execPath, [tsc, ...options, '--allowImportingTsExtensions', file]);

    const [ran, right, wrong] = await Promise.all([
      run(process.execPath, ['program.ts']),
      check('program.ts'),
      check('wrong.ts'),
    ]);

    expect(ran.stdout).toBe('Processed message: typed\n');
    expect(right.stdout).toBe('');
    expect(wrong.stdout.match(/error TS2322/g)).toHaveLength(2);
  });

  it('have the Python client as a wheel', async () => {
    cpSync(PYTHON, join(folder, 'python'), { recursive: true });
    const built = await run('python3', ['-m', 'pip', 'wheel', '--quiet', '--no-deps', '--wheel-dir', '.', './python']);
    expect(built.stderr.replaceAll(/^\[notice\].*\n?|^\n/gm, '')).toBe('');
    const [wheel = ''] = globSync('modelyard-*.whl', { cwd: folder });
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-index', '--target', 'site', wheel]);
    const code = `from modelyard.client import Client; print(Client("${system.url}").predict("model_a", {"data": "wheel"})["message"])`;

    const { stdout, stderr } = await run('python3', ['-c', code], { PYTHONPATH: join(folder, 'site') });

    expect([stdout, stderr]).toEqual(['Processed message: wheel\n', '']);
  });
});
