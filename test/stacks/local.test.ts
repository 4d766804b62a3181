import type { Template } from 'aws-cdk-lib/assertions';
import { expect, it } from 'vitest';
import { type Resource, synthesize } from '#test/support/synthesize.ts';
import { STAGES } from '../../lib/stacks/stage-config.ts';

/** Every resource by its logical id, without what the two stages are called, and without who waits for whom. */
function resourcesBeyondName(template: Template, stage: 'dev' | 'local'): ReadonlyMap<string, Resource> {
  const text = JSON.stringify(template.toJSON().Resources)
    .replaceAll(`modelyard-${stage}`, 'modelyard')
    .replaceAll(`"${stage}"`, '"stage"')
    .replaceAll(`\\"${stage}\\"`, '\\"stage\\"')
    // The id of a deployment carries a hash of all that it deploys.
    .replaceAll(/ApiDeployment(?!Stage)[0-9A-Fa-f]+/g, 'ApiDeployment');
  const resources = Object.entries(JSON.parse(text) as Record<string, Resource & { DependsOn?: unknown }>);
  return new Map(resources.map(([id, { DependsOn: _, ...resource }]) => [id, resource]));
}

const isBranch = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Where two values differ, as paths of property names without the numbers of lists. */
function differences(one: unknown, other: unknown, path: readonly string[]): string[] {
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  if (!isBranch(one) || !isBranch(other)) return [path.filter((key) => !/^\d+$/.test(key)).join('.')];
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].flatMap((key) => differences(one[key], other[key], [...path, key]));
}

const named = (id: string, type: string): string => {
  if (/TaskExecutionRole/.test(id)) return 'right to the image';
  return /CollectMetricsServiceRole/.test(id) ? 'switch of dead letters' : type;
};

it('the local stage differs from dev in who may call and is told, images, capacity and public addresses, and nothing else', async () => {
  const [{ template: localTemplate }, { template: devTemplate }] = await Promise.all([
    // Who may call is another test: everybody in `local`.
    synthesize('local', { config: { auth: STAGES.dev.auth } }),
    synthesize('dev'),
  ]);
  const [local, dev] = [resourcesBeyondName(localTemplate, 'local'), resourcesBeyondName(devTemplate, 'dev')];
  const shared = [...dev].filter(([id]) => local.has(id));

  const different = shared.flatMap(([id, resource]) =>
    differences(resource.Properties, local.get(id)?.Properties, [named(id, resource.Type)]),
  );

  expect(shared.length).toBeGreaterThan(200);
  expect(
    new Set(different.map((path) => path.replace(/^(right to the image|switch of dead letters).*/, '$1'))),
  ).toEqual(
    new Set([
      // Alarms of `local` tell nobody.
      'AWS::CloudWatch::Alarm.AlarmActions',
      'AWS::CloudWatch::Alarm.OKActions',
      'AWS::ECS::TaskDefinition.ContainerDefinitions.Image',
      'right to the image',
      'AWS::ECS::Service.CapacityProviderStrategy',
      'AWS::ECS::Service.LaunchType',
      'AWS::ECS::Service.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp',
      // Where polls cost nothing, dead letters are polled all the time, and the collector has no switch for it.
      'AWS::Lambda::EventSourceMapping.Enabled',
      'AWS::Lambda::Function.Environment.Variables.MODELYARD_DEAD_LETTER_SOURCES',
      'switch of dead letters',
    ]),
  );
  expect([...local.keys()].filter((id) => !dev.has(id))).toEqual([]);
});
