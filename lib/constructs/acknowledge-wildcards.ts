import { type CfnElement, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { BlobBucket, BlobKind } from './blob-bucket.ts';

const KINDS: readonly BlobKind[] = ['requests', 'results', 'dead-letters', 'contracts'];

/** Grants on a prefix of the bucket end in `*`, because object keys are task ids that nobody knows beforehand. */
export function acknowledgeBlobKinds(construct: IConstruct, bucket: BlobBucket): void {
  const reason = 'One kind of blob, by its prefix: keys are task ids, which nobody knows before the task.';
  const ids = KINDS.map((kind) => `AwsSolutions-IAM5[Resource::<${logicalId(bucket)}.Arn>/${kind}/*]`);
  acknowledge(construct, Object.fromEntries(ids.map((id) => [id, reason])));
}

/** Grants on the tasks of a cluster end in `*`, because ECS makes their ids up. */
export function acknowledgeClusterTasks(construct: IConstruct, cluster: IConstruct): void {
  const tasks = `arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/<${logicalId(cluster)}>/*`;
  acknowledge(construct, {
    [`AwsSolutions-IAM5[Resource::${tasks}]`]:
      'The instances of this cluster, and of no other: ECS makes their ids up when it starts them.',
  });
}

/** X-Ray, and the listing of ECS tasks, which a condition holds to one cluster, work on `*` alone. */
export function acknowledgeWildcardOnly(construct: IConstruct): void {
  acknowledge(construct, {
    'AwsSolutions-IAM5[Resource::*]':
      'X-Ray and the listing of ECS tasks know no resources; the listing is held to this cluster by a condition.',
  });
}

const logicalId = (construct: IConstruct): string =>
  Stack.of(construct).getLogicalId(construct.node.defaultChild as CfnElement);
