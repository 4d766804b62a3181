import { fileURLToPath } from 'node:url';
import { discoverModels } from '#catalog/discover-models.ts';
import type { ModelManifest } from '#catalog/manifest.ts';
import { LifecycleStack } from '../../lib/stacks/lifecycle-stack.ts';
import { ModelyardStack } from '../../lib/stacks/modelyard-stack.ts';
import { STAGES, type StageConfig, type StageName } from '../../lib/stacks/stage-config.ts';
import { templateApp, templatesOf } from './synthesize.ts';

const at = (folder: string): string => fileURLToPath(new URL(`../../${folder}`, import.meta.url));

/** Both stacks of a stage with its lifecycle. */
export async function synthesizeLifecycle(
  stage: StageName,
  models?: readonly ModelManifest[],
  changes: Partial<StageConfig> = {},
) {
  const app = templateApp();
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
  return { app, main, lifecycle, templates: templatesOf(app, { main, lifecycle }) };
}
