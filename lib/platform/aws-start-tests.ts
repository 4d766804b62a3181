import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { EcsServices, EcsStartTests, StackState } from '#adapters/aws/ecs-control.ts';
import { createEcsClient } from '#adapters/aws/index.ts';
import type { StartTests } from '#core';
import { type AwsSettings, awsSettingsFrom } from './aws.ts';
import { ENV, readRequired } from './environment.ts';

/** Tests of images on the ECS services of a stage. */
export async function startTestsFrom(environment: NodeJS.ProcessEnv): Promise<StartTests> {
  const settings: AwsSettings = awsSettingsFrom(environment);
  const cluster = readRequired(environment, ENV.ecsCluster);
  const servicePrefix = readRequired(environment, ENV.ecsServicePrefix);
  const services = new EcsServices({ cluster, servicePrefix, client: await createEcsClient(settings) });
  return new EcsStartTests({ services, stacks: new StackState(new CloudFormationClient()) });
}
