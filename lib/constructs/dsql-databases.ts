import { Aws, Stack } from 'aws-cdk-lib';
import { CfnCluster } from 'aws-cdk-lib/aws-dsql';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { LifecycleService } from '#core';
import type { EnvironmentName } from '#platform/environment.ts';
import type { Consumer } from './handler-function.ts';

export interface DsqlDatabasesProps {
  /** The variable that names the database of each service. */
  readonly variables: Readonly<Record<LifecycleService, EnvironmentName>>;
  readonly keepsData: boolean;
  /** Databases that exist already, for emulators. @default one cluster a service */
  readonly given?: Readonly<Partial<Record<LifecycleService, string>>> | undefined;
  /** Ids of clusters that replace those of the stack. @default none */
  readonly restored?: Readonly<Partial<Record<LifecycleService, string>>> | undefined;
}

/** The database of one service. */
interface ServiceCluster {
  readonly service: string;
  readonly arn: string;
  readonly host: string;
}

/**
 * One cluster of Aurora DSQL for each service of the lifecycle: no server, no network, and no price while idle. Each has
 * one role besides `admin`, with the name of its service.
 */
export class DsqlDatabases extends Construct {
  readonly clusters: readonly ServiceCluster[];
  /** ARNs of the roles of all consumers. */
  readonly principals = new Set<string>();
  readonly #urls: readonly (readonly [variable: EnvironmentName, url: string])[];

  constructor(scope: Construct, id: string, { variables, keepsData, given, restored }: DsqlDatabasesProps) {
    super(scope, id);
    const clusters: ServiceCluster[] = [];
    this.#urls = Object.entries(variables).map(([service, variable]) => {
      const known = given?.[service as LifecycleService];
      if (known !== undefined) return [variable, known];
      const cluster = new CfnCluster(this, service, { deletionProtectionEnabled: keepsData });
      // The cluster of the stack stays: what it has is not lost by a restore.
      const replaced = restored?.[service as LifecycleService];
      const used =
        replaced === undefined ? { arn: cluster.attrResourceArn, host: cluster.attrEndpoint } : this.#of(replaced);
      clusters.push({ service, ...used });
      return [variable, `dsql://${service}@${used.host}:5432/postgres`];
    });
    this.clusters = clusters;
  }

  #of(resourceName: string): Omit<ServiceCluster, 'service'> {
    return {
      arn: Stack.of(this).formatArn({ service: 'dsql', resource: 'cluster', resourceName }),
      host: `${resourceName}.dsql.${Aws.REGION}.on.aws`,
    };
  }

  /** Connect to each database as the role of its service. Passwords are tokens that the role of the consumer signs. */
  grantConnect(consumer: Consumer): void {
    for (const [variable, url] of this.#urls) consumer.addEnvironment(variable, url);
    const resources = this.clusters.map(({ arn }) => arn);
    if (resources.length === 0) return;
    const { grantPrincipal } = consumer;
    grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['dsql:DbConnect'], resources }));
    if ('roleArn' in grantPrincipal) this.principals.add(String(grantPrincipal.roleArn));
  }
}
