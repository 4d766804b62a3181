import { Aws, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ENV } from '#platform/environment.ts';
import { acknowledge, acknowledgeResource } from './acknowledge.ts';
import { keptVersions } from './blob-bucket.ts';
import { BACKUP_DAYS } from './dsql-backups.ts';
import type { Consumer } from './handler-function.ts';

/** Permissions on the artifacts of the lifecycle, with their place. */
export interface ArtifactGrants {
  grantRead(consumer: Consumer): void;
  grantReadAndWrite(consumer: Consumer): void;
  /** Besides, to delete them. */
  grantAll(consumer: Consumer): void;
}

const PREFIX = 'artifacts/';
const KEYS_REASON = 'Keys are hashes of contents, which nobody knows before the content.';

/**
 * A name that both stacks of a stage can compute, so that versioned models of one stack read the bucket of the other.
 */
const bucketNameOf = (stage: string): string => `modelyard-${stage}-artifacts-${Aws.ACCOUNT_ID}-${Aws.REGION}`;

/** Permissions on the bucket of a stage by its name. */
export function artifactsOf(scope: Construct, stage: string): ArtifactGrants {
  const name = bucketNameOf(stage);
  const objects = Stack.of(scope).formatArn({
    ...{ service: 's3', region: '', account: '', resource: name, resourceName: `${PREFIX}*` },
  });
  const bucket = Stack.of(scope).formatArn({ service: 's3', region: '', account: '', resource: name });
  const allow = (consumer: Consumer, actions: readonly `s3:${string}`[]): void => {
    consumer.addEnvironment(ENV.artifacts, `s3://${name}/${PREFIX}`);
    consumer.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [...actions], resources: [objects] }));
    consumer.grantPrincipal.addToPrincipalPolicy(
      // Distinguishes a missing object from one that may not be read.
      new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket] }),
    );
    acknowledgeResource(
      consumer.grantPrincipal,
      `arn:<AWS::Partition>:s3:::modelyard-${stage}-artifacts-<AWS::AccountId>-<AWS::Region>/${PREFIX}*`,
      KEYS_REASON,
    );
  };
  return {
    grantRead: (consumer) => allow(consumer, ['s3:GetObject']),
    grantReadAndWrite: (consumer) => allow(consumer, ['s3:GetObject', 's3:PutObject']),
    grantAll: (consumer) => allow(consumer, ['s3:GetObject', 's3:PutObject', 's3:DeleteObject']),
  };
}

/** Files, tables and versions of the lifecycle, by their hashes: private, encrypted, TLS only. */
export class ArtifactBucket extends Bucket {
  constructor(
    scope: Construct,
    id: string,
    { stage, keepsData }: { readonly stage: string; readonly keepsData: boolean },
  ) {
    super(scope, id, {
      bucketName: bucketNameOf(stage),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      versioned: keepsData,
      lifecycleRules: [
        ...(keepsData ? [keptVersions(BACKUP_DAYS)] : []),
        { id: 'forget-broken-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    acknowledge(this, {
      'AwsSolutions-S1':
        'Objects are private to the roles of this stage and never change; CloudTrail data events are the audit trail where one is wanted.',
    });
  }
}
