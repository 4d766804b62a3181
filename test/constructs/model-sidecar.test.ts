import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import type { ContainerSource } from '#catalog/manifest.ts';
import { resourcesOf, synthesize } from '#test/support/synthesize.ts';

const tasksWith = async (container: ContainerSource) => {
  const { template } = await synthesize('dev', {
    models: [{ name: 'served', description: 'Answers from a container.', container }],
  });
  return template;
};

describe('the ECS task of a container that already serves', () => {
  it('has the container as a sidecar, and starts the runtime when it is healthy', async () => {
    const template = await tasksWith({ protocol: 'sagemaker', port: 9000, image: 'example.com/served:1' });

    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: Match.arrayWith([
        Match.objectLike({
          DependsOn: [{ ContainerName: 'container', Condition: 'HEALTHY' }],
          Environment: Match.arrayWith([{ Name: 'MODELYARD_CONTAINER_URL', Value: 'http://127.0.0.1:9000' }]),
        }),
        Match.objectLike({
          Name: 'container',
          Image: 'example.com/served:1',
          Essential: true,
          HealthCheck: { Command: ['CMD-SHELL', Match.stringLikeRegexp('http://127.0.0.1:9000/ping')] },
        }),
      ]),
    });
  });

  it('has one container when the runtime starts the command', async () => {
    const template = await tasksWith({ protocol: 'json', port: 8000, command: ['serve'] });

    for (const [, { Properties }] of resourcesOf(template, 'AWS::ECS::TaskDefinition')) {
      expect(Properties.ContainerDefinitions).toHaveLength(1);
    }
  });
});
