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
}

/** One cluster of Aurora DSQL for each service of the lifecycle: no server, no network, and no price while idle. */
export class DsqlDatabases extends Construct {
  readonly #databases: readonly { readonly variable: EnvironmentName; readonly url: string; readonly arn?: string }[];

  constructor(scope: Construct, id: string, { variables, keepsData, given }: DsqlDatabasesProps) {
    super(scope, id);
    this.#databases = Object.entries(variables).map(([service, variable]) => {
      const known = given?.[service as LifecycleService];
      if (known !== undefined) return { variable, url: known };
      const cluster = new CfnCluster(this, service, { deletionProtectionEnabled: keepsData });
      return { variable, url: `dsql://admin@${cluster.attrEndpoint}:5432/postgres`, arn: cluster.attrResourceArn };
    });
  }

  /** Connect to every database. Passwords are tokens that the role of the consumer signs. */
  grantConnect(consumer: Consumer): void {
    for (const { variable, url } of this.#databases) consumer.addEnvironment(variable, url);
    const resources = this.#databases.flatMap(({ arn }) => arn ?? []);
    if (resources.length === 0) return;
    consumer.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['dsql:DbConnectAdmin'], resources }));
  }
}
