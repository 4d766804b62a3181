import { fileURLToPath } from 'node:url';
import { App, DockerImage, Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { ModelManifest } from '#catalog/manifest.ts';
import { manifest as modelA } from '#models/model_a/manifest.ts';
import { manifest as modelB } from '#models/model_b/manifest.ts';
import { LAMBDA_HANDLER, writeLambda } from '../../lib/bundling/bundle-lambda.ts';
import { ModelyardStack } from '../../lib/stacks/modelyard-stack.ts';
import { STAGES, type StageConfig } from '../../lib/stacks/stage-config.ts';

// What other stages have and `local` has not, for the emulator: an authorizer in front, and the lean stage's API.
const AUTHORIZER = fileURLToPath(new URL('authorizer', import.meta.url));
const functionName = 'modelyard-test-authorizer';
const functionArn = `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`;
const { local, lean } = STAGES;

/** Model B has a service of its own and no instance, so that there is a model to wake. */
const VARIANTS = {
  guarded: { config: { ...local, api: { ...local.api, authorizer: { functionArn } } }, models: [modelA] },
  thrifty: {
    config: { ...local, api: lean.api, listsTasks: lean.listsTasks, tracing: false, platformLogs: false },
    models: [modelA, modelB],
  },
} as const satisfies Record<string, { config: StageConfig; models: readonly ModelManifest[] }>;

const app = new App();
const apart = new Stack(app, 'authorizer');
new LambdaFunction(apart, 'Authorizer', {
  functionName,
  runtime: Runtime.NODEJS_24_X,
  handler: LAMBDA_HANDLER,
  code: Code.fromAsset(AUTHORIZER, {
    bundling: {
      image: DockerImage.fromRegistry('unused'),
      local: {
        tryBundle(outputFolder) {
          writeLambda(AUTHORIZER, outputFolder);
          return true;
        },
      },
    },
  }),
});
for (const [stage, variant] of Object.entries(VARIANTS)) {
  new ModelyardStack(app, `modelyard-${stage}`, { stage, ...variant }).addDependency(apart);
}
app.synth();
