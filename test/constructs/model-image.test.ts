import { spawnSync } from 'node:child_process';
import { appendFile, cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, AssetStaging, Stack } from 'aws-cdk-lib';
import { DockerImageAsset } from 'aws-cdk-lib/aws-ecr-assets';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelAsset } from '../../lib/constructs/model-image.ts';
import { ROOT } from '../architecture/cruise.ts';

let scratch: string;
let root: string;

/** The repository as far as images may be made of it. */
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'modelyard-asset-'));
  root = join(scratch, 'repository');
  const allowed = (await readFile(`${ROOT}/.dockerignore`, 'utf8')).matchAll(/^!(.+)$/gm);
  const paths = ['Dockerfile', '.dockerignore', ...[...allowed].map(([, path = '']) => path)];
  await Promise.all(paths.map((path) => cp(join(ROOT, path), join(root, path), { recursive: true })));
});

afterEach(() => rm(scratch, { recursive: true }));

/** Stages the asset as a `cdk synth` of its own does. */
function stage(model: string) {
  AssetStaging.clearAssetHashCache();
  const app = new App({ outdir: join(scratch, 'cdk.out') });
  const asset = new DockerImageAsset(new Stack(app, 'Stack'), 'Image', modelAsset(root, model));
  return { hash: asset.assetHash, folder: join(scratch, 'cdk.out', `asset.${asset.assetHash}`) };
}

const hashes = () => ['model_a', 'model_b'].map((model) => stage(model).hash);

describe('the image of a model', () => {
  it.each(['model-containers/models/model_b/model.ts', 'proto/gen/models/model_b.ts'])(
    'stays the same when %s of another model changes',
    async (path) => {
      const [a, b] = hashes();

      await appendFile(join(root, path), '\n');

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
    const before = hashes();

    await appendFile(join(root, path), '\n');

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
    const [a, b] = hashes();

    await appendFile(join(root, path), '\n');

    expect(hashes()).toEqual([expect.not.stringMatching(String(a)), expect.not.stringMatching(String(b))]);
  });

  it.each(['model_a', 'gdp_growth_rate'])('of %s is built from what is left', async (model) => {
    const { folder } = stage(model);
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
    const [, b] = hashes();
    await writeFile(join(root, own), 'FROM scratch\n');

    const { folder } = stage('model_a');

    const { target, ...asset } = { target: undefined, ...modelAsset(root, 'model_a') };
    expect(asset).toMatchObject({ file: own, buildArgs: { MODEL: 'model_a' } });
    expect(target).toBeUndefined();
    expect(await readFile(join(folder, own), 'utf8')).toBe('FROM scratch\n');
    expect(hashes()[1]).toBe(b);
  });

  it('makes another image when it changes', async () => {
    await writeFile(join(root, own), 'FROM scratch\n');
    const [a, b] = hashes();

    await appendFile(join(root, own), 'LABEL more=1\n');

    expect(hashes()).toEqual([expect.not.stringMatching(String(a)), b]);
  });
});
