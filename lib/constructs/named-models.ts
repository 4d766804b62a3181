import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Cluster } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { deadLetterQueueName, modelServiceName, taskQueueName } from '#adapters/aws/resources.ts';
import { ENV } from '#platform/environment.ts';
import { acknowledgeClusterTasks, acknowledgeEverything, acknowledgeResource } from './acknowledge.ts';
import type { Consumer } from './handler-function.ts';
import type { ModelQueueGrants } from './model-queues.ts';
import { LISTING_REASON, type ModelServiceGrants } from './model-service.ts';

export interface NamedModel {
  /** First part of all names of the stage. */
  readonly prefix: string;
  readonly model: string;
  readonly cluster: Cluster;
}

/** Permissions on the queues of a model of another stack. They are given by names, so that no stack needs the other. */
export function namedQueues(scope: Construct, { prefix, model }: NamedModel): ModelQueueGrants {
  const arnOf = (name: string) => Stack.of(scope).formatArn({ service: 'sqs', resource: name });
  const [tasks, deadLetters] = [arnOf(taskQueueName(prefix, model)), arnOf(deadLetterQueueName(prefix, model))];
  const allow = ({ grantPrincipal }: Consumer, actions: readonly `sqs:${string}`[], ...resources: string[]) =>
    grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [...actions], resources }));
  return {
    grantSend: (consumer) => void allow(consumer, ['sqs:SendMessage'], tasks),
    grantMeasure: (consumer) => void allow(consumer, ['sqs:GetQueueAttributes'], tasks, deadLetters),
    grantTakeDeadLetters(consumer) {
      const actions = [
        'ReceiveMessage',
        'DeleteMessage',
        'ChangeMessageVisibility',
        'GetQueueUrl',
        'GetQueueAttributes',
      ];
      allow(
        consumer,
        actions.map((action) => `sqs:${action}` as const),
        deadLetters,
      );
    },
  };
}

/** Permissions on the ECS service of a model of another stack, by its name. */
export function namedService(scope: Construct, { prefix, model, cluster }: NamedModel): ModelServiceGrants {
  const stack = Stack.of(scope);
  const { clusterName } = cluster;
  const service = stack.formatArn({
    ...{ service: 'ecs', resource: 'service', resourceName: `${clusterName}/${modelServiceName(prefix, model)}` },
  });
  const tasks = stack.formatArn({ service: 'ecs', resource: 'task', resourceName: `${clusterName}/*` });
  const groups = `${prefix}lifecycle-*`;
  const logs = stack.formatArn({
    ...{ service: 'logs', resource: 'log-group', arnFormat: ArnFormat.COLON_RESOURCE_NAME, resourceName: groups },
  });

  type Action = `${'ecs' | 'logs'}:${string}`;
  function allow({ grantPrincipal }: Consumer, actions: readonly Action[], resource: string, conditions = {}) {
    grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: [...actions], resources: [resource], conditions }),
    );
    if (resource === tasks) acknowledgeClusterTasks(grantPrincipal, cluster);
  }

  const grants: ModelServiceGrants = {
    grantWake(consumer) {
      consumer.addEnvironment(ENV.ecsCluster, clusterName);
      consumer.addEnvironment(ENV.ecsServicePrefix, prefix);
      allow(consumer, ['ecs:DescribeServices', 'ecs:UpdateService'], service);
    },
    grantList(consumer) {
      allow(consumer, ['ecs:ListTasks'], '*', { ArnEquals: { 'ecs:cluster': cluster.clusterArn } });
      acknowledgeEverything(consumer.grantPrincipal, LISTING_REASON);
      allow(consumer, ['ecs:DescribeTasks'], tasks);
    },
    grantScale(consumer) {
      grants.grantWake(consumer);
      grants.grantList(consumer);
      allow(consumer, ['ecs:UpdateTaskProtection'], tasks);
    },
    grantStop(consumer) {
      grants.grantWake(consumer);
      allow(consumer, ['ecs:StopTask'], tasks);
    },
    grantReadLogs(consumer) {
      allow(consumer, ['ecs:DescribeServices'], service);
      allow(consumer, ['ecs:DescribeTaskDefinition'], '*');
      // The other stack names its log groups itself; every model has its tag.
      const conditions = { StringEquals: { 'aws:ResourceTag/model': model } };
      allow(consumer, ['logs:FilterLogEvents'], logs, conditions);
      acknowledgeResource(
        consumer.grantPrincipal,
        `arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:${groups}`,
        'The log groups of the lifecycle that have the tag of one model.',
      );
    },
  };
  return grants;
}
