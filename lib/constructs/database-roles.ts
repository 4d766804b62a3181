import { CustomResource, Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { DsqlDatabases } from './dsql-databases.ts';
import { HandlerFunction, type HandlerFunctionProps } from './handler-function.ts';

export interface DatabaseRolesProps extends Pick<HandlerFunctionProps, 'logRetention' | 'platformLogs'> {
  /** Everybody who connects was granted it before. */
  readonly databases: DsqlDatabases;
}

const TIMEOUT = Duration.minutes(2);
const MEMORY_MIB = 256;

/**
 * The role of each service in its own database, made at deployments. The function that makes them is the only one that
 * may connect as `admin`.
 */
export class DatabaseRoles extends Construct {
  constructor(scope: Construct, id: string, { databases, logRetention, platformLogs }: DatabaseRolesProps) {
    super(scope, id);
    const { clusters, principals } = databases;
    if (clusters.length === 0) return;
    const maker = new HandlerFunction(this, 'MakeRoles', {
      folder: 'make-roles',
      description: 'Makes the role of each service in its database, at deployments',
      ...{ memoryMiB: MEMORY_MIB, timeout: TIMEOUT, logRetention, platformLogs, tracing: false },
    });
    const resources = clusters.map(({ arn }) => arn);
    const allowed = new PolicyStatement({ actions: ['dsql:DbConnectAdmin'], resources });
    maker.addToRolePolicy(allowed);
    const made = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::DatabaseRoles',
      serviceToken: maker.functionArn,
      serviceTimeout: TIMEOUT,
      properties: {
        Databases: clusters.map(({ service, host }) => ({ Service: service, Host: host })),
        Principals: [...principals],
      },
    });
    if (maker.role) made.node.addDependency(maker.role);
  }
}
