import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { deadLetterQueueName, modelServiceName, taskQueueName, webhookQueueName } from '#adapters/aws/resources.ts';
import { awsSettingsFrom } from '#platform/aws.ts';
import { instanceSettingsFrom } from '#platform/instance-settings.ts';
import { environmentOf, resolved } from '#test/support/function-settings.ts';
import { resource, resourcesOf, synthesize } from '#test/support/synthesize.ts';
import { synthesizeLifecycle } from '#test/support/synthesize-lifecycle.ts';
import { bundleLambda } from '../../lib/bundling/bundle-lambda.ts';

const LAMBDAS = fileURLToPath(new URL('../../lambdas', import.meta.url));
const folders = (await readdir(LAMBDAS, { withFileTypes: true })).flatMap((entry) =>
  entry.isDirectory() ? entry.name : [],
);

let synthesized: Awaited<ReturnType<typeof synthesize>>;
let bundles: string;
beforeAll(async () => {
  synthesized = await synthesize('dev');
  bundles = await realpath(await mkdtemp(join(tmpdir(), 'modelyard-bundles-')));
});
afterAll(() => rm(bundles, { recursive: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Nothing of our own from outside, and what Lambda adds by itself. */
function stub(environment: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env))
    if (/^(MODELYARD|AWS)_|^(AUTH|REGISTRATION)$/.test(name)) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries({ AWS_REGION: 'eu-west-1', ...environment })) vi.stubEnv(name, value);
}

describe('the function', () => {
  it.each(folders)('%s starts with what the template tells it', async (folder) => {
    const template =
      folder === 'lifecycle'
        ? (await synthesizeLifecycle('dev')).templates.lifecycle
        : (folder === 'submit-by-url' ? await synthesize('lean') : synthesized).template;
    stub(environmentOf(template, folder));

    const { entry } = await bundleLambda(join(LAMBDAS, folder), bundles);
    const { handler } = await import(entry);

    expect(handler).toBeTypeOf('function');
  });

  it('would not start without', async () => {
    const { MODELYARD_QUEUE_URL_PREFIX: _, ...others } = environmentOf(synthesized.template, 'submit-task');

    expect(() => awsSettingsFrom(others)).toThrow('MODELYARD_QUEUE_URL_PREFIX');
  });

  it.each(['submit-task', 'get-task', 'get-result', 'launch-instance', 'stop-instance', 'list-instances'])(
    '%s finds the queue and the service of every model by the names that the template gives them',
    (folder) => {
      const { queueUrlPrefix, ecs } = awsSettingsFrom(environmentOf(synthesized.template, folder));
      const named = (type: string, property: string) =>
        resourcesOf(synthesized.template, type).map(([, { Properties }]) => Properties[property]);
      const url = (name: string) => `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`;

      const urls = [
        ...synthesized.models.flatMap(({ name }) => [
          taskQueueName(queueUrlPrefix, name),
          deadLetterQueueName(queueUrlPrefix, name),
        ]),
        webhookQueueName(queueUrlPrefix),
      ];

      expect(urls.toSorted()).toEqual(named('AWS::SQS::Queue', 'QueueName').map(url).toSorted());
      expect(synthesized.models.map(({ name }) => modelServiceName(ecs?.servicePrefix ?? '', name)).toSorted()).toEqual(
        named('AWS::ECS::Service', 'ServiceName').toSorted(),
      );
    },
  );
});

describe('an instance of a model', () => {
  it('starts with what the template tells it, in the region of its stack', () => {
    const { ContainerDefinitions } = resource(synthesized.template, 'AWS::ECS::TaskDefinition', 'modela').Properties;
    const told: Record<string, string> = Object.fromEntries(
      ContainerDefinitions[0].Environment.map(({ Name, Value }: { Name: string; Value: unknown }) => [
        Name,
        resolved(Value),
      ]),
    );

    expect(instanceSettingsFrom(told)).toMatchObject({ model: 'model_a', health: { port: 8080 } });
    expect(awsSettingsFrom(told)).toMatchObject({
      region: 'eu-west-1',
      queueUrlPrefix: 'https://sqs.eu-west-1.amazonaws.com/123456789012/modelyard-dev-',
    });
    expect(awsSettingsFrom(told).endpoints).toBeUndefined();
  });
});
