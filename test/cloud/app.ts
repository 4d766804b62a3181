import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { discoverModels } from '#catalog/discover-models.ts';
import { ModelyardStack } from '../../lib/stacks/modelyard-stack.ts';
import { STAGES, type StageConfig } from '../../lib/stacks/stage-config.ts';

// What other stages have and `local` has not, for the emulator: verified callers, and the lean stage's API.
const MODELS = fileURLToPath(new URL('../../model-containers/models', import.meta.url));
const { local, lean, prod } = STAGES;

const VARIANTS = {
  guarded: { ...local, auth: prod.auth },
  thrifty: {
    ...{ ...local, api: lean.api, listsTasks: lean.listsTasks, tracing: false, platformLogs: false },
    auth: { kind: 'jwt', registration: 'open' },
  },
} as const satisfies Record<string, StageConfig>;

const app = new App();
const models = (await discoverModels([MODELS])).models.map(({ manifest }) => manifest);
for (const [stage, config] of Object.entries(VARIANTS)) {
  new ModelyardStack(app, `modelyard-${stage}`, { stage, config, models });
}
app.synth();
