import { type CfnElement, Stack, Validations } from 'aws-cdk-lib';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct, type IConstruct } from 'constructs';
import type { BlobBucket, BlobKind } from './blob-bucket.ts';

/** Acknowledges findings of cdk-nag on a construct, each with a reason. */
export function acknowledge(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(construct).acknowledge({ id, reason });
}

/** Object keys contain task ids, so grants on a prefix of the bucket end in `*`. */
export function acknowledgeBlobKind(principal: IPrincipal, bucket: BlobBucket, kind: BlobKind): void {
  acknowledgeWildcard(
    principal,
    `${nameIn(principal, bucket, `<${logicalId(bucket)}.Arn>`, bucket.bucketArn)}/${kind}/*`,
    'One kind of blob, by its prefix: keys are task ids, which nobody knows before the task.',
  );
}

/** ECS generates task ids, so grants on the tasks of a cluster end in `*`. */
export function acknowledgeClusterTasks(principal: IPrincipal, cluster: ICluster): void {
  acknowledgeWildcard(
    principal,
    `arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/${nameIn(principal, cluster, `<${logicalId(cluster)}>`, cluster.clusterName)}/*`,
    'The instances of this cluster, and of no other: ECS makes their ids up when it starts them.',
  );
}

/** A schedule may invoke every version of its function. */
export const acknowledgeVersions = (principal: IPrincipal, fn: IFunction): void =>
  acknowledgeWildcard(
    principal,
    `<${logicalId(fn)}.Arn>:*`,
    'All versions of this one function, and no other function.',
  );

/** For actions that AWS offers on no smaller resource. */
export const acknowledgeEverything = (principal: IPrincipal, reason: string): void =>
  acknowledgeWildcard(principal, '*', reason);

/** Acknowledged on the role itself, so that it covers only its grants. */
function acknowledgeWildcard(principal: IPrincipal, resource: string, reason: string): void {
  if (Construct.isConstruct(principal)) {
    acknowledge(principal, { [`AwsSolutions-IAM5[Resource::${resource}]`]: reason });
    if (resource === '*' && principal.node.id === ROLE_OF_FUNCTION) {
      acknowledge(principal, { 'Serverless-LambdaStarPermissions': reason });
    }
  }
}

/** The id that the CDK gives the role of a function. */
const ROLE_OF_FUNCTION = 'ServiceRole';

export const acknowledgeResource = acknowledgeWildcard;

/** How cdk-nag calls a resource: by its id in the stack of the principal, and by its export in another one. */
function nameIn(principal: IPrincipal, resource: IConstruct, local: string, value: string): string {
  const owner = Stack.of(resource);
  if (!Construct.isConstruct(principal) || Stack.of(principal) === owner) return local;
  return owner.resolve(owner.exportValue(value))['Fn::ImportValue'];
}

const logicalId = (construct: IConstruct): string =>
  Stack.of(construct).getLogicalId(construct.node.defaultChild as CfnElement);
