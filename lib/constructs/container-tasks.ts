import { Stack } from 'aws-cdk-lib';
import type { ISecurityGroup, ISubnet } from 'aws-cdk-lib/aws-ec2';
import type { Cluster } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ContainerTasks } from '#adapters/aws/resources.ts';
import { ENV } from '#platform/environment.ts';
import { acknowledgeClusterTasks, acknowledgeEverything, acknowledgeResource } from './acknowledge.ts';
import { LISTING_REASON, type ModelService } from './model-service.ts';

export interface ContainerTasksProps {
  readonly cluster: Cluster;
  /** First part of all names of the stage. */
  readonly prefix: string;
  readonly subnets: readonly ISubnet[];
  readonly securityGroup: ISecurityGroup;
  readonly assignPublicIp: boolean;
}

/**
 * Lets the worker run containers of foreign images as tasks of its cluster. These have no role: their files come and go by
 * presigned URLs.
 */
export function grantContainerTasks({ service, log }: ModelService, props: ContainerTasksProps): void {
  const { cluster, prefix, subnets, securityGroup, assignPublicIp } = props;
  const { taskDefinition } = service;
  const worker = taskDefinition.defaultContainer;
  if (!worker) return;
  const stack = Stack.of(service);
  const family = `${prefix}container`;
  const executionRole = taskDefinition.obtainExecutionRole();
  const settings = {
    ...{ cluster: cluster.clusterName, family, assignPublicIp, executionRole: executionRole.roleArn },
    subnets: subnets.map(({ subnetId }) => subnetId),
    securityGroups: [securityGroup.securityGroupId],
    ...{ logGroup: log.logGroupName, region: stack.region, helper: worker.imageName },
  } satisfies ContainerTasks;
  worker.addEnvironment(ENV.containerTasks, stack.toJsonString(settings));

  const { grantPrincipal } = taskDefinition.taskRole;
  const allow = (statement: ConstructorParameters<typeof PolicyStatement>[0]) =>
    grantPrincipal.addToPrincipalPolicy(new PolicyStatement(statement));
  const inCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
  const tasks = stack.formatArn({ service: 'ecs', resource: 'task', resourceName: `${cluster.clusterName}/*` });
  const definitions = stack.formatArn({ service: 'ecs', resource: 'task-definition', resourceName: `${family}-*` });
  allow({ actions: ['ecs:RegisterTaskDefinition', 'ecs:ListTasks'], resources: ['*'] });
  allow({ actions: ['ecs:RunTask'], resources: [definitions], conditions: inCluster });
  allow({ actions: ['ecs:DescribeTasks', 'ecs:StopTask'], resources: [tasks], conditions: inCluster });
  allow({
    ...{ actions: ['iam:PassRole'], resources: [executionRole.roleArn] },
    conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
  });
  acknowledgeClusterTasks(grantPrincipal, cluster);
  acknowledgeEverything(grantPrincipal, `${LISTING_REASON} Nor does the registration of a task definition.`);
  acknowledgeResource(
    grantPrincipal,
    `arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task-definition/${family}-*`,
    'Task definitions of containers of stages, one for each image, which nobody knows before.',
  );
}
