import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, AssetStaging, Stack } from 'aws-cdk-lib';
import { DockerImageAsset } from 'aws-cdk-lib/aws-ecr-assets';
import * as cxapi from 'aws-cdk-lib/cx-api';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { modelAsset } from '../../lib/constructs/model-image.ts';
import { ROOT } from '../architecture/cruise.ts';

let scratch: string;
let root: string;
/** Of the images of `MODELS`, as the repository is. */
let before: readonly string[];

const MODELS = ['model_a', 'model_b'];

/** The repository as far as images may be made of it. */
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'modelyard-asset-'));
  root = join(scratch, 'repository');
  const allowed = (await readFile(`${ROOT}/.dockerignore`, 'utf8')).matchAll(/^!(.+)$/gm);
  const paths = ['Dockerfile', '.dockerignore', ...[...allowed].map(([, path = '']) => path)];
  await Promise.all(paths.map((path) => cp(join(ROOT, path), join(root, path), { recursive: true })));
  before = hashes();
});

afterAll(() => rm(scratch, { recursive: true }));

/** Changes a file until the test has finished. */
async function add(path: string, text: string): Promise<void> {
  const file = join(root, path);
  const old = existsSync(file) ? await readFile(file) : undefined;
  onTestFinished(() => (old ? writeFile(file, old) : rm(file, { force: true })));
  await appendFile(file, text);
}

function assetOf(model: string, context: Readonly<Record<string, unknown>>): DockerImageAsset {
  AssetStaging.clearAssetHashCache();
  const app = new App({ outdir: join(scratch, 'cdk.out'), context });
  return new DockerImageAsset(new Stack(app, 'Stack'), 'Image', modelAsset(root, model));
}

/** Stages the asset as a `cdk synth` of its own does. */
const stage = (model: string): string => join(scratch, 'cdk.out', `asset.${assetOf(model, {}).assetHash}`);

/** Without copies of the files. */
const hashes = (): string[] =>
  MODELS.map((model) => assetOf(model, { [cxapi.DISABLE_ASSET_STAGING_CONTEXT]: true }).assetHash);

describe('the image of a model', () => {
  it.each(['model-containers/models/model_b/model.ts', 'proto/gen/models/model_b.ts'])(
    'stays the same when %s of another model changes',
    async (path) => {
      const [a, b] = before;

      await add(path, '\n');

      expect(hashes()).toEqual([a, expect.not.stringMatching(String(b))]);
    },
  );

  it.each([
    'bin/gateway.ts',
    'lambdas/submit-task/handler.ts',
    'lib/api/http/routes.ts',
    'lib/constructs/model-image.ts',
    'lib/gateway/bridge.ts',
    'scripts/cost.ts',
  ])('stays the same when %s changes, which is not in it', async (path) => {
    await add(path, '\n');

    expect(hashes()).toEqual(before);
  });

  it.each([
    'Dockerfile',
    'package.json',
    'package-lock.json',
    'lib/bundling/bundle-model.ts',
    'lib/core/index.ts',
    'model-containers/runtime/worker/worker.ts',
    'proto/gen/modelyard/v1/task_envelope.ts',
    'scripts/bundle-model.ts',
  ])('is another one when %s changes', async (path) => {
    const [a, b] = before;

    await add(path, '\n');

    expect(hashes()).toEqual([expect.not.stringMatching(String(a)), expect.not.stringMatching(String(b))]);
  });

  it.each(['model_a', 'gdp_growth_rate'])('of %s is built from what is left', async (model) => {
    const folder = stage(model);
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));

    const { status, stderr } = spawnSync(process.execPath, ['scripts/bundle-model.ts', model, '--into', 'bundle'], {
      cwd: folder,
      encoding: 'utf8',
    });

    expect([status, stderr]).toEqual([0, '']);
    expect(await readdir(join(folder, 'bundle'))).toEqual(
      expect.arrayContaining(['main.mjs', 'instance.mjs', 'model.mjs']),
    );
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['.npmrc', 'package.json', 'package-lock.json']));
    expect(await readdir(join(folder, 'model-containers/models'))).toEqual([model]);
  });
});

describe('the Dockerfile of a model', () => {
  const own = 'model-containers/models/model_a/Dockerfile';

  it('is the common one, of which it is a stage', () => {
    expect(modelAsset(root, 'model_a')).toMatchObject({
      file: 'Dockerfile',
      target: 'model',
      buildArgs: { MODEL: 'model_a' },
    });
  });

  it('is its own where it has one, and is deployed by it', async () => {
    const [, b] = before;
    await add(own, 'FROM scratch\n');

    const folder = stage('model_a');

    const { target, ...asset } = { target: undefined, ...modelAsset(root, 'model_a') };
    expect(asset).toMatchObject({ file: own, buildArgs: { MODEL: 'model_a' } });
    expect(target).toBeUndefined();
    expect(await readFile(join(folder, own), 'utf8')).toBe('FROM scratch\n');
    expect(hashes()[1]).toBe(b);
  });

  it('makes another image when it changes', async () => {
    await add(own, 'FROM scratch\n');
    const [a, b] = hashes();

    await add(own, 'LABEL more=1\n');

    expect(hashes()).toEqual([expect.not.stringMatching(String(a)), b]);
  });
});
