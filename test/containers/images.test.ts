import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PythonEnvironments } from '#local/python-environment.ts';
import { awsEnvironment } from '#platform/aws.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { ROOT } from '../architecture/cruise.ts';
import { BundledProcess } from './bundled-process.ts';

const ECONOMY = {
  gdp_per_capita: 50_000,
  unemployment_rate: 5.2,
  gdp_growth_rate_lag: 2.1,
  gdp_growth_rate_ma: 2.3,
};

const aws = useEmulatedAws();
let scratch: string;
let context: string;

/** What `docker build` would send, with what `npm ci` would install; the bundles lie elsewhere. */
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'modelyard-images-'));
  context = join(scratch, 'context');
  const allowed = (await readFile(`${ROOT}/.dockerignore`, 'utf8')).matchAll(/^!(.+)$/gm);
  for (const [, path = ''] of allowed) await cp(join(ROOT, path), join(context, path), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(context, 'node_modules'));
  bundle('scripts/bundle-gateway.ts', '--into', join(scratch, 'gateway'));
  bundle('scripts/bundle-model.ts', 'gdp_growth_rate', '--into', join(scratch, 'model'));
});

afterAll(() => rm(scratch, { recursive: true }));

/** Throws what the script printed when it fails. */
function bundle(...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: context, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} failed:\n${stdout}${stderr}`);
}

const environment = () => ({ ...awsEnvironment(aws.settings), PLATFORM: 'aws', AUTH: 'none' });

describe('the bundles of gateway and model', () => {
  it('predict together, each without the repository, and end in order', async () => {
    await using provision = new BundledProcess(join(scratch, 'gateway'), environment(), [
      'provision.mjs',
      'gdp_growth_rate',
    ]);
    expect(await provision.exited).toBe(0);
    await using gateway = new BundledProcess(join(scratch, 'gateway'), { ...environment(), MODELYARD_PORT: '0' });
    await using model = new BundledProcess(join(scratch, 'model'), {
      ...environment(),
      MODELYARD_VARIANT: 'RandomForest',
    });
    const [{ url }] = await Promise.all([gateway.untilReady(), model.untilReady()]);

    const response = await fetch(`${url}/predict/gdp_growth_rate`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(ECONOMY),
    });

    expect(await response.json()).toMatchObject({ state: 'succeeded', result: { variant: 'RandomForest' } });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await Promise.all([gateway.stop(), model.stop()])).toEqual([0, 0]);
  });

  it('serve models in Python and as ONNX files', async () => {
    const models = ['wine', 'wine_onnx'];
    for (const name of models) {
      const folder = join(context, 'model-containers/models', name);
      await cp(join(context, 'model-containers/examples', name), folder, { recursive: true });
      bundle('scripts/bundle-model.ts', name, '--into', join(scratch, name));
    }
    await symlink(join(ROOT, 'node_modules'), join(scratch, 'wine_onnx', 'node_modules'));
    const python = await new PythonEnvironments(silentLogger).pythonOf(join(ROOT, 'model-containers/examples/wine'));
    const settings = { ...environment(), MODELYARD_PYTHON: python };
    await using provision = new BundledProcess(join(scratch, 'gateway'), environment(), ['provision.mjs', ...models]);
    expect(await provision.exited).toBe(0);
    await using gateway = new BundledProcess(join(scratch, 'gateway'), { ...environment(), MODELYARD_PORT: '0' });
    await using wine = new BundledProcess(join(scratch, 'wine'), settings);
    await using onnx = new BundledProcess(join(scratch, 'wine_onnx'), settings);
    const [{ url }] = await Promise.all([gateway.untilReady(), wine.untilReady(), onnx.untilReady()]);

    const answers = await Promise.all(
      models.map(async (name) => {
        const body = JSON.stringify({ alcohol: 14.2, flavanoids: 3, proline: 1065 });
        const headers = { 'Content-Type': 'application/json' };
        return (await fetch(`${url}/predict/${name}`, { method: 'POST', headers, body })).json();
      }),
    );

    expect(answers).toMatchObject(
      models.map((model) => ({ model, state: 'succeeded', result: { cultivar: expect.stringMatching(/^class_/) } })),
    );
    expect(await Promise.all([gateway.stop(), wine.stop(), onnx.stop()])).toEqual([0, 0, 0]);
  }, 180_000);

  it('serve the documentation with its files', async () => {
    await using gateway = new BundledProcess(join(scratch, 'gateway'), { ...environment(), MODELYARD_PORT: '0' });
    const { url } = await gateway.untilReady();
    const page = await (await fetch(`${url}/docs`)).text();
    const files = [...page.matchAll(/(?:href|src)="([^":]+\.(?:css|js)[^"]*)"/g)].map(([, path = '']) => path);

    const answers = await Promise.all(files.map((path) => fetch(new URL(path, `${url}/docs`))));

    expect(files.length).toBeGreaterThan(1);
    expect(answers.map(({ status }) => status)).toEqual(files.map(() => 200));
  });
});

describe('the bundle of a model', () => {
  it('has its own files and no other model', async () => {
    const own = await stat(join(scratch, 'model', 'model', 'weights', 'random-forest.json'));
    const files = (await readdir(join(scratch, 'model'))).filter((name) => name.endsWith('.mjs'));
    const code = (await Promise.all(files.map((name) => readFile(join(scratch, 'model', name), 'utf8')))).join('\n');

    expect(own.size).toBeGreaterThan(1000);
    expect(code).toContain('Estimates the growth of an economy');
    expect(code).not.toContain('Simulates slow work');
  });

  it.each([[], ['model_a'], ['../etc', '--into', 'x']])('is not built from %s', (...args) => {
    expect(() => bundle('scripts/bundle-model.ts', ...args)).toThrow('Missing or invalid argument');
  });
});
