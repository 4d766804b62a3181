import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import {
  BY_OWNER_INDEX,
  CALLS_TABLE,
  DEAD_LETTERS_INDEX,
  MODEL_ROWS,
  REGISTRY_TABLE,
  TASKS_TABLE,
  USERS_TABLE,
} from '#adapters/aws/resources.ts';
import { ENV } from '#platform/environment.ts';
import { BlobBucket } from './blob-bucket.ts';
import type { Consumer } from './consumer.ts';
import { DefinedTable } from './table.ts';

export interface DataProps {
  /** Deletion protection, point-in-time recovery, and kept when the stack goes. */
  readonly keepsData: boolean;
  /** Whether owners can list their tasks: an index more to write. */
  readonly listsTasks: boolean;
}

/** What is kept: tasks, the registry, users, the call log and large payloads. Its grants are the only way to any of it. */
export class Data extends Construct {
  readonly tasks: DefinedTable;
  readonly registry: DefinedTable;
  readonly users: DefinedTable;
  readonly calls: DefinedTable;
  readonly blobs: BlobBucket;
  readonly #listsTasks: boolean;

  constructor(scope: Construct, id: string, { keepsData, listsTasks }: DataProps) {
    super(scope, id);
    this.#listsTasks = listsTasks;
    const indexes = TASKS_TABLE.indexes.filter((index) => listsTasks || index !== BY_OWNER_INDEX);
    this.tasks = new DefinedTable(this, 'Tasks', { definition: { ...TASKS_TABLE, indexes }, keepsData });
    this.registry = new DefinedTable(this, 'Registry', { definition: REGISTRY_TABLE, keepsData });
    this.users = new DefinedTable(this, 'Users', { definition: USERS_TABLE, keepsData });
    this.calls = new DefinedTable(this, 'Calls', { definition: CALLS_TABLE, keepsData });
    this.blobs = new BlobBucket(this, 'Blobs', { keepsData });
  }

  /** Tells a consumer the addresses of everything, which every platform asks for; an address is no permission. */
  introduce(consumer: Consumer): void {
    consumer.addEnvironment(ENV.tasksTable, this.tasks.tableName);
    consumer.addEnvironment(ENV.registryTable, this.registry.tableName);
    consumer.addEnvironment(ENV.usersTable, this.users.tableName);
    consumer.addEnvironment(ENV.callsTable, this.calls.tableName);
    consumer.addEnvironment(ENV.blobBucket, this.blobs.bucketName);
    if (!this.#listsTasks) consumer.addEnvironment(ENV.taskLists, 'off');
  }

  /** One task by its id, expired on the way when its deadline has passed. */
  grantGetTask(consumer: Consumer): void {
    this.#allow(consumer, this.tasks, ['dynamodb:GetItem', 'dynamodb:UpdateItem']);
  }

  /** Keeps new tasks, and withdraws one that could not be queued. */
  grantCreateTasks(consumer: Consumer): void {
    this.#allow(consumer, this.tasks, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']);
    this.blobs.grantPutKind(consumer, 'requests');
  }

  /** The tasks of an owner. */
  grantListTasks(consumer: Consumer): void {
    this.grantGetTask(consumer);
    if (this.#listsTasks) this.#queryIndex(consumer, BY_OWNER_INDEX.name);
  }

  /** How many tasks of each model were given up. */
  grantCountDeadLetters(consumer: Consumer): void {
    this.introduce(consumer);
    this.#queryIndex(consumer, DEAD_LETTERS_INDEX.name);
  }

  /** Results that did not fit into their task. */
  grantReadResults(consumer: Consumer): void {
    this.introduce(consumer);
    this.blobs.grantGetKind(consumer, 'results');
  }

  /** Ends tasks that were given up, and keeps letters that are none. */
  grantGiveUp(consumer: Consumer): void {
    this.#allow(consumer, this.tasks, ['dynamodb:GetItem', 'dynamodb:UpdateItem']);
    this.blobs.grantPutKind(consumer, 'dead-letters');
  }

  /** Everything about models and instances. */
  grantReadRegistry(consumer: Consumer): void {
    this.#allow(consumer, this.registry, ['dynamodb:GetItem', 'dynamodb:Query']);
    this.blobs.grantGetKind(consumer, 'contracts');
  }

  /** Locks a model for the one of many callers that wakes it. Rows of instances and contracts stay out of reach. */
  grantLockModels(consumer: Consumer): void {
    this.#allow(consumer, this.registry, ['dynamodb:GetItem']);
    this.#allow(consumer, this.registry, ['dynamodb:PutItem'], {
      'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [MODEL_ROWS] },
    });
  }

  /** What an instance of a model needs: it registers, looks for other instances, reads requests and writes results. */
  grantServe(consumer: Consumer): void {
    this.#allow(consumer, this.registry, [
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:Query',
      'dynamodb:UpdateItem',
    ]);
    this.#allow(consumer, this.tasks, ['dynamodb:GetItem', 'dynamodb:UpdateItem']);
    this.blobs.grantGetKind(consumer, 'requests');
    this.blobs.grantPutKind(consumer, 'results');
    this.blobs.grantPutKind(consumer, 'dead-letters');
    this.blobs.grantGetKind(consumer, 'contracts');
    this.blobs.grantPutKind(consumer, 'contracts');
  }

  /** Looks users up, by name or by id. */
  grantReadUsers(consumer: Consumer): void {
    this.#allow(consumer, this.users, ['dynamodb:GetItem']);
  }

  /** Registers users, and changes what may be changed of them. */
  grantWriteUsers(consumer: Consumer): void {
    this.#allow(consumer, this.users, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']);
  }

  /** The calls of an owner. */
  grantReadCalls(consumer: Consumer): void {
    this.#allow(consumer, this.calls, ['dynamodb:Query']);
  }

  /** Records calls, and reads none. */
  grantRecordCalls(consumer: Consumer): void {
    this.#allow(consumer, this.calls, ['dynamodb:BatchWriteItem']);
  }

  #queryIndex(consumer: Consumer, index: string): void {
    consumer.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['dynamodb:Query'], resources: [`${this.tasks.tableArn}/index/${index}`] }),
    );
  }

  #allow(
    consumer: Consumer,
    table: ITable,
    actions: readonly `dynamodb:${string}`[],
    conditions: Readonly<Record<string, unknown>> = {},
  ): void {
    this.introduce(consumer);
    consumer.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: [...actions], resources: [table.tableArn], conditions }),
    );
  }
}
