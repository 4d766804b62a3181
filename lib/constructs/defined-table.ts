import { RemovalPolicy } from 'aws-cdk-lib';
import { type Attribute, AttributeType, BillingMode, ProjectionType, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { KeyDefinition, TableDefinition } from '#adapters/aws/resources.ts';
import { acknowledge } from './acknowledge.ts';

export interface DefinedTableProps {
  readonly definition: TableDefinition;
  /** Deletion protection, point-in-time recovery, and retained when the stack is deleted. */
  readonly keepsData: boolean;
}

/** A table as the adapters define it: on demand, encrypted, with a TTL attribute if rows expire. */
export class DefinedTable extends Table {
  constructor(scope: Construct, id: string, { definition, keepsData }: DefinedTableProps) {
    super(scope, id, {
      partitionKey: attribute(definition.partitionKey),
      ...(definition.sortKey ? { sortKey: attribute(definition.sortKey) } : {}),
      ...(definition.ttlAttribute === undefined ? {} : { timeToLiveAttribute: definition.ttlAttribute }),
      billingMode: BillingMode.PAY_PER_REQUEST,
      deletionProtection: keepsData,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: keepsData },
      removalPolicy: keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    for (const index of definition.indexes) {
      this.addGlobalSecondaryIndex({
        indexName: index.name,
        partitionKey: attribute(index.partitionKey),
        sortKey: attribute(index.sortKey),
        ...(index.include.length === 0
          ? { projectionType: ProjectionType.KEYS_ONLY }
          : { projectionType: ProjectionType.INCLUDE, nonKeyAttributes: [...index.include] }),
      });
    }
    if (!keepsData) {
      acknowledge(this, {
        'AwsSolutions-DDB3':
          'This stage is for trying things: its tasks and calls expire, its users can register again; prod has recovery.',
      });
    }
  }
}

const attribute = ({ name, type }: KeyDefinition): Attribute => ({
  name,
  type: type === 'S' ? AttributeType.STRING : AttributeType.NUMBER,
});
