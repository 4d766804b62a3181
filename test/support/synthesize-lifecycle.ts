import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { discoverModels } from '#catalog/discover-models.ts';
import type { ModelManifest } from '#catalog/manifest.ts';
import { LifecycleStack } from '../../lib/stacks/lifecycle-stack.ts';
import { ModelyardStack } from '../../lib/stacks/modelyard-stack.ts';
import { STAGES, type StageConfig, type StageName } from '../../lib/stacks/stage-config.ts';

const at = (folder: string): string => fileURLToPath(new URL(`../../${folder}`, import.meta.url));

/** Both stacks of a stage with its lifecycle, without Lambda bundles. */
export async function synthesizeLifecycle(
  stage: StageName,
  models?: readonly ModelManifest[],
  changes: Partial<StageConfig> = {},
) {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const manifestsIn = async (...folders: string[]) =>
    (await discoverModels(folders.map(at))).models.map(({ manifest }) => manifest);
  const [worker] = await manifestsIn('lifecycle/worker');
  if (!worker) throw new Error('The lifecycle has no worker.');
  const examples = await manifestsIn('lifecycle/models');
  const main = new ModelyardStack(app, 'modelyard', {
    ...{ stage, config: { ...STAGES[stage], ...changes } },
    models: models ?? (await manifestsIn('model-containers/models')),
    lifecycleModels: [worker, ...examples].map(({ name }) => name),
  });
  const lifecycle = new LifecycleStack(app, 'modelyard-lifecycle', { stage: main, worker, models: examples });
  const templates = { main: Template.fromStack(main), lifecycle: Template.fromStack(lifecycle) };
  await rm(app.outdir, { recursive: true });
  return { app, main, lifecycle, templates };
}
