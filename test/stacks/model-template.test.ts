import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { resourcesFor } from '#test/support/iam.ts';
import { resourcesOf, synthesize } from '#test/support/synthesize.ts';

type Synthesized = Awaited<ReturnType<typeof synthesize>>;

let dev: Synthesized;
let prod: Synthesized;
let template: Template;
beforeAll(async () => {
  [dev, prod] = await Promise.all([synthesize('dev'), synthesize('prod')]);
  ({ template } = dev);
});

describe('the queues of every model', () => {
  it('lead to dead letters, which a function ends', () => {
    for (const { name } of dev.models) {
      const dashed = name.replaceAll('_', '-');
      template.hasResourceProperties('AWS::SQS::Queue', {
        QueueName: `modelyard-dev-${dashed}-tasks`,
        RedrivePolicy: { deadLetterTargetArn: Match.anyValue(), maxReceiveCount: 100 },
        ReceiveMessageWaitTimeSeconds: 20,
        VisibilityTimeout: 30,
        SqsManagedSseEnabled: true,
      });
    }
    const sources = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').filter(
      ([, { Properties }]) => !JSON.stringify(Properties.EventSourceArn).includes('Webhooks'),
    );
    expect(sources).toHaveLength(dev.models.length);
    for (const [, { Properties }] of sources) {
      expect(JSON.stringify(Properties.EventSourceArn)).toContain('DeadLetters');
      expect(Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    }
  });

  it('take TLS only', () => {
    const guarded = resourcesOf(template, 'AWS::SQS::QueuePolicy').filter(([, { Properties }]) =>
      JSON.stringify(Properties.PolicyDocument).includes('aws:SecureTransport'),
    );

    expect(guarded).toHaveLength(2 * dev.models.length + 1);
  });
});

describe('the service of every model', () => {
  it('runs on ARM, unprivileged, on a file system that it cannot write to', () => {
    for (const [, { Properties }] of resourcesOf(template, 'AWS::ECS::TaskDefinition')) {
      expect(Properties.RuntimePlatform.CpuArchitecture).toBe('ARM64');
      expect(Properties.ContainerDefinitions[0]).toMatchObject({
        User: '1000:1000',
        ReadonlyRootFilesystem: true,
        StopTimeout: 120,
        HealthCheck: { Command: ['CMD', 'node', '-e', expect.stringContaining('/health')] },
      });
    }
  });

  it('rolls a deployment back that does not come up', () => {
    for (const [, { Properties }] of resourcesOf(template, 'AWS::ECS::Service')) {
      expect(Properties.DeploymentConfiguration.DeploymentCircuitBreaker).toEqual({ Enable: true, Rollback: true });
    }
  });

  it('leaves the count to its scaling', () => {
    for (const [, { Properties }] of resourcesOf(template, 'AWS::ECS::Service')) {
      expect(Properties.DesiredCount).toBeUndefined();
    }
  });

  it('is on Spot in dev and not in prod', () => {
    const onSpot = ({ template: of }: Synthesized) =>
      resourcesOf(of, 'AWS::ECS::Service').map(([, { Properties }]) =>
        JSON.stringify(Properties.CapacityProviderStrategy ?? []).includes('FARGATE_SPOT'),
      );

    expect(new Set(onSpot(dev))).toEqual(new Set([true]));
    expect(new Set(onSpot(prod))).toEqual(new Set([true]));
  });

  it('is there while its instances can start: with their rights, on a way out and with the capacity they run on', async () => {
    const hidden = await synthesize('lean', { config: { network: 'private' } });

    for (const { template: of } of [dev, prod, hidden]) {
      const services = resourcesOf(of, 'AWS::ECS::Service');
      expect(services).toHaveLength(dev.models.length);
      for (const [, { DependsOn = [] }] of services) {
        const types = new Set(DependsOn.map((id) => of.toJSON().Resources[id].Type));
        expect(types).toContain('AWS::ECS::ClusterCapacityProviderAssociations');
        expect(types).toContain('AWS::EC2::Route');
        expect(DependsOn).toContainEqual(expect.stringMatching(/TaskExecutionRole/));
      }
    }
  });

  it('needs no NAT gateway, unless its network is private', async () => {
    const hidden = await synthesize('dev', { config: { network: 'private' } });

    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    hidden.template.resourceCountIs('AWS::EC2::NatGateway', 1);
    hidden.template.allResourcesProperties('AWS::ECS::Service', {
      NetworkConfiguration: { AwsvpcConfiguration: Match.objectLike({ AssignPublicIp: 'DISABLED' }) },
    });
  });

  it('lets nobody in', () => {
    for (const [, { Properties }] of resourcesOf(template, 'AWS::EC2::SecurityGroup')) {
      expect(Properties.SecurityGroupIngress).toBeUndefined();
      expect(Properties.SecurityGroupEgress).toHaveLength(1);
    }
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
  });

  it('takes its image from a registry when the stage says so', async () => {
    const images = { kind: 'registry', ref: 'registry.example/{model}:7' } as const;
    const { template: of } = await synthesize('dev', { config: { images } });

    const refs = resourcesOf(of, 'AWS::ECS::TaskDefinition').map(
      ([, { Properties }]) => Properties.ContainerDefinitions[0].Image,
    );

    expect(refs).toEqual(dev.models.map(({ name }) => `registry.example/${name.replaceAll('_', '-')}:7`));
  });
});

describe('the scaling of every model', () => {
  it('is done by the collector, once a minute, on the service itself', () => {
    template.resourceCountIs('AWS::ApplicationAutoScaling::ScalableTarget', 0);
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' });
    const updated = resourcesFor(template, 'HandlersCollectMetrics', 'ecs:UpdateService');
    for (const { name } of dev.models) expect(updated).toContain(`${name.replaceAll('_', '')}Service`);
  });

  it('keeps as many instances as the stage says', async () => {
    const { template: of } = await synthesize('dev', { config: { minInstances: 2 } });

    of.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ MODELYARD_MIN_INSTANCES: '2' }) },
    });
  });

  it('is watched: three failures in five minutes raise an alarm', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'modelyard-dev-scaling-failed',
      MetricName: 'Errors',
      EvaluationPeriods: 5,
      DatapointsToAlarm: 3,
    });
  });
});

describe('a new model', () => {
  it('is one more folder: queue, dead letters, service and alarms follow from its manifest', async () => {
    const added = {
      name: 'sentiment',
      description: 'Says how a text feels.',
      maxInstances: 3,
      cpu: 512,
      memoryMiB: 1024,
    } as const;
    const more = await synthesize('dev', { models: [...dev.models, added] });

    more.template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'modelyard-dev-sentiment-tasks' });
    more.template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Family: 'modelyard-dev-sentiment',
      Cpu: '512',
      Memory: '1024',
    });
    more.template.hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmName: 'modelyard-dev-sentiment-oldest-task' });
  });
});
