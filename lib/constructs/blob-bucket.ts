import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, type LifecycleRule } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { BLOB_EXPIRY } from '#adapters/aws/resources.ts';
import { acknowledge, acknowledgeBlobKind } from './acknowledge.ts';
import type { Consumer } from './handler-function.ts';

/** Kinds of content. Each has its own prefix. */
export type BlobKind = 'requests' | 'results' | 'dead-letters' | 'contracts';

/** How long what was deleted or replaced can be restored. */
export const keptVersions = (days: number): LifecycleRule => ({
  id: 'forget-old-versions',
  noncurrentVersionExpiration: Duration.days(days),
  expiredObjectDeleteMarker: true,
});

/** Payloads over the inline limit: private, encrypted, TLS only, expired with their tasks. Kept data has versions. */
export class BlobBucket extends Bucket {
  constructor(scope: Construct, id: string, { keepsData }: { readonly keepsData: boolean }) {
    super(scope, id, {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      versioned: keepsData,
      lifecycleRules: [
        // No task needs an older one: it has expired.
        ...(keepsData ? [keptVersions(BLOB_EXPIRY.days)] : []),
        ...BLOB_EXPIRY.prefixes.map((prefix) => ({
          id: `expire-${prefix.replace(/\/$/, '')}`,
          prefix,
          expiration: Duration.days(BLOB_EXPIRY.days),
        })),
        { id: 'forget-broken-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    acknowledge(this, {
      'AwsSolutions-S1':
        'Objects are temporary, private to the roles of this stack and expire in days; CloudTrail data events are the audit trail where one is wanted.',
    });
  }

  grantGetKind(consumer: Consumer, kind: BlobKind): void {
    this.#grant(consumer, 's3:GetObject', kind);
  }

  grantPutKind(consumer: Consumer, kind: BlobKind): void {
    this.#grant(consumer, 's3:PutObject', kind);
  }

  #grant({ grantPrincipal }: Consumer, action: 's3:GetObject' | 's3:PutObject', kind: BlobKind): void {
    grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: [action], resources: [this.arnForObjects(`${kind}/*`)] }),
    );
    acknowledgeBlobKind(grantPrincipal, this, kind);
  }
}
