import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { discoverModels } from '#catalog/discover-models.ts';
import { localAwsSettings } from '#local/provision.ts';
import { awsEnvironment } from '#platform/aws.ts';
import { ENV } from '#platform/environment.ts';
import { Child, runToEnd, show } from './cloud/child.ts';
import { ROOT, say, untilStopped } from './cloud/command.ts';
import { startDynamoDbLocal, startLocalStack } from './cloud/localstack.ts';
import { ONLY_HERE } from './cloud/suites.ts';
import type { Workplace } from './cloud/workplace.ts';

// `npm run e2e:localstack` runs the end-to-end suite through the gateway on LocalStack and DynamoDB Local.
const SUITE = [
  ...[
    'test/e2e/predictions',
    'test/e2e/openapi',
    'test/e2e/docs',
    'test/e2e/gateway-routes',
    'test/e2e/large-payloads',
  ],
  ...ONLY_HERE,
];
const signal = untilStopped();

async function run(): Promise<boolean> {
  await using cleanup = new AsyncDisposableStack();
  const scratch = await mkdtemp(join(tmpdir(), 'modelyard-localstack-'));
  cleanup.defer(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));
  const place: Workplace = { root: ROOT, scratch, signal };
  const tables = cleanup.use(await startDynamoDbLocal(place));
  const others = cleanup.use(await startLocalStack(place));
  const endpoints = { sqs: others.endpoint, s3: others.endpoint, dynamodb: tables.endpoint };
  say(`DynamoDB Local answers at ${tables.endpoint}, LocalStack at ${others.endpoint}.`);

  const environment = {
    ...{ PATH: process.env.PATH, HOME: scratch, [ENV.platform]: 'aws', [ENV.auth]: 'none' },
    ...awsEnvironment(localAwsSettings({ endpoints })),
    ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_EC2_METADATA_DISABLED: 'true' },
  };
  const { models } = await discoverModels([`${ROOT}/model-containers/models`]);
  const names = models.map(({ manifest }) => manifest.name);
  const start = (file: string, more: NodeJS.ProcessEnv = {}) =>
    cleanup.use(
      new Child(process.execPath, [join(ROOT, file)], {
        ...{ cwd: ROOT, environment: { ...environment, ...more }, signal },
      }),
    );
  // As the service `provision-aws` of compose does.
  const provision = ['bin/provision.ts', ...names];
  say((await runToEnd(process.execPath, provision, { cwd: ROOT, environment, signal })).trim());

  const gateway = start('bin/gateway.ts', { [ENV.port]: '0' });
  const instances = names.map((model) =>
    start('model-containers/runtime/instance/main.ts', {
      ...{ [ENV.model]: model, [ENV.instanceId]: `${model}-1`, [ENV.stopSeconds]: '5' },
    }),
  );
  await Promise.all([gateway, ...instances].map((child) => child.untilPrinted('"Ready."')));
  const [, url] = /"url":"([^"]+)"/.exec(gateway.output) ?? [];
  if (url === undefined) throw new Error(`The gateway has no URL:\n${gateway.output}`);
  say(`Ready: ${names.join(', ')} behind ${url}.`);

  const args = ['node_modules/.bin/vitest', 'run', '--config', 'vitest.cloud.config.ts', ...SUITE];
  const tested = { ...process.env, MODELYARD_E2E_URL: url, MODELYARD_E2E_KEY: 'none' };
  const passed = await show(process.execPath, args, { cwd: ROOT, environment: tested, signal });
  for (const child of [gateway, ...instances]) {
    if (child.hasEnded) say(`A process ended unexpectedly:\n${child.output.slice(-2000)}`);
  }
  return passed;
}

const startedAt = performance.now();
try {
  if (!(await run())) process.exitCode = 1;
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
say(`Took ${Math.round((performance.now() - startedAt) / 1000)} s.`);
