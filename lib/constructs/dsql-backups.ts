import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from 'aws-cdk-lib/aws-backup';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** As long as DynamoDB keeps points in time. */
export const BACKUP_DAYS = 35;

/** The policies of AWS, which follow what AWS Backup needs for each kind of resource. */
const POLICIES = ['AWSBackupServiceRolePolicyForBackup', 'AWSBackupServiceRolePolicyForRestores'].map(
  (name) => `service-role/${name}`,
);

/** Backups of clusters of Aurora DSQL, once a day. They outlive the stack, as the clusters do. */
export class DsqlBackups extends Construct {
  constructor(scope: Construct, id: string, { clusterArns }: { readonly clusterArns: readonly string[] }) {
    super(scope, id);
    const backupVault = new BackupVault(this, 'Vault', { removalPolicy: RemovalPolicy.RETAIN });
    const plan = new BackupPlan(this, 'Plan', { backupVault });
    plan.addRule(
      new BackupPlanRule({
        scheduleExpression: Schedule.cron({ hour: '3', minute: '0' }),
        deleteAfter: Duration.days(BACKUP_DAYS),
      }),
    );
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('backup.amazonaws.com'),
      managedPolicies: POLICIES.map((name) => ManagedPolicy.fromAwsManagedPolicyName(name)),
    });
    for (const name of POLICIES) {
      acknowledge(role, {
        [`AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${name}]`]:
          'AWS Backup alone may assume this role, and AWS adds to its policy what a new kind of resource needs.',
      });
    }
    plan.addSelection('Clusters', {
      role,
      disableDefaultBackupPolicy: true,
      resources: clusterArns.map((arn) => BackupResource.fromArn(arn)),
    });
  }
}
