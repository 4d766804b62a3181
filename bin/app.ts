import { fileURLToPath } from 'node:url';
import { Annotations, App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { discoverModels } from '#catalog/discover-models.ts';
import type { ModelManifest } from '#catalog/manifest.ts';
import { builderFault } from '../lib/bundling/docker-builder.ts';
import { LifecycleStack } from '../lib/stacks/lifecycle-stack.ts';
import { ModelyardStack } from '../lib/stacks/modelyard-stack.ts';
import { STAGES, stageOf } from '../lib/stacks/stage-config.ts';

// `cdk deploy` of one stage, with its lifecycle by `-c lifecycle=true`. A broken model folder stops it.
const MODELS = fileURLToPath(new URL('../model-containers/models', import.meta.url));
const LIFECYCLE = fileURLToPath(new URL('../lifecycle/', import.meta.url));
const app = new App();
const wanted = stageOf(app.node.tryGetContext('stage'));
const { models, faults } = await discoverModels([MODELS]);
if ('fault' in wanted || faults.length > 0) {
  process.stderr.write(`${['fault' in wanted ? wanted.fault : [], ...faults].flat().join('\n')}\n`);
  process.exit(1);
}

const { stage } = wanted;
const config = STAGES[stage];
const withLifecycle = ['true', true].includes(app.node.tryGetContext('lifecycle'));
const [worker] = withLifecycle ? await manifestsIn(`${LIFECYCLE}worker`) : [];
const examples = withLifecycle ? await manifestsIn(`${LIFECYCLE}models`) : [];
const main = new ModelyardStack(app, `modelyard-${stage}`, {
  stage,
  config,
  models: models.map(({ manifest }) => manifest),
  lifecycleModels: worker ? [worker, ...examples].map(({ name }) => name) : [],
});
const fault = config.images.kind === 'asset' ? builderFault(process.env) : undefined;
// A warning, because synthesizing works without. It stands before anything is built.
if (fault) Annotations.of(main).addWarningV2('modelyard:buildkit', fault);
if (worker) new LifecycleStack(app, `modelyard-${stage}-lifecycle`, { stage: main, worker, models: examples });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth();

async function manifestsIn(folder: string): Promise<readonly ModelManifest[]> {
  return (await discoverModels([folder])).models.map(({ manifest }) => manifest);
}
