import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { discoverModels } from '#catalog/discover-models.ts';
import { ENV } from '#platform/environment.ts';
import { LifecycleStack } from '../../lib/stacks/lifecycle-stack.ts';
import { ModelyardStack } from '../../lib/stacks/modelyard-stack.ts';
import { STAGES, type StageConfig } from '../../lib/stacks/stage-config.ts';

// The stage `local` as `bin/app.ts` has it, and what other stages have and `local` has not, for the emulator: verified
// callers, and the lean stage's API. In one app, so that every function is bundled once.
const MODELS = fileURLToPath(new URL('../../model-containers/models', import.meta.url));
const { local, lean } = STAGES;

const VARIANTS = {
  local,
  guarded: { ...local, auth: { kind: 'jwt', registration: 'open' } },
  thrifty: {
    ...{ ...local, api: lean.api, listsTasks: lean.listsTasks, tracing: false, platformLogs: false },
    auth: lean.auth,
  },
} as const satisfies Record<string, StageConfig>;

const app = new App();
const models = (await discoverModels([MODELS])).models.map(({ manifest }) => manifest);
const { MODELYARD_E2E_DATABASES: databases, MODELYARD_E2E_ENDPOINT: endpoint = '' } = process.env;
const [worker] = await manifestsIn('worker');
const examples = await manifestsIn('models');
for (const [stage, config] of Object.entries(VARIANTS)) {
  const hasLifecycle = stage === 'guarded' && databases !== undefined;
  const lifecycleModels = hasLifecycle && worker ? [worker, ...examples].map(({ name }) => name) : [];
  const main = new ModelyardStack(app, `modelyard-${stage}`, { stage, config, models, lifecycleModels });
  // Receivers of webhooks are on this machine.
  for (const each of stage === 'local' ? [] : main.node.findAll()) {
    if (each instanceof LambdaFunction) each.addEnvironment(ENV.outboundHosts, '127.0.0.1');
  }
  if (!hasLifecycle || !worker) continue;
  const emulator = { databases: JSON.parse(databases), s3Endpoint: endpoint };
  new LifecycleStack(app, `modelyard-${stage}-lifecycle`, { stage: main, worker, models: examples, emulator });
}
app.synth();

async function manifestsIn(folder: string) {
  const path = fileURLToPath(new URL(`../../lifecycle/${folder}`, import.meta.url));
  return (await discoverModels([path])).models.map(({ manifest }) => manifest);
}
