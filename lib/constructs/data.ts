import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import {
  BY_OWNER_INDEX,
  CALLS_TABLE,
  DEAD_LETTERS_INDEX,
  LAUNCH_ROWS,
  MODEL_ROWS,
  REGISTRY_TABLE,
  SCALING_ROWS,
  TASKS_TABLE,
  USAGE_ROWS,
  USERS_TABLE,
} from '#adapters/aws/resources.ts';
import { ENV } from '#platform/environment.ts';
import { BlobBucket } from './blob-bucket.ts';
import { DefinedTable } from './defined-table.ts';
import type { Consumer } from './handler-function.ts';

export interface DataProps {
  /** Deletion protection, point-in-time recovery, and retained when the stack is deleted. */
  readonly keepsData: boolean;
  /** Adds the index by owner. */
  readonly listsTasks: boolean;
}

/** Permissions of functions on users. */
const USER_ACTIONS = {
  read: 'dynamodb:GetItem',
  add: 'dynamodb:PutItem',
  change: 'dynamodb:UpdateItem',
  remove: 'dynamodb:DeleteItem',
  list: 'dynamodb:Scan',
} as const;

export type UseOfUsers = keyof typeof USER_ACTIONS;

/** Tables and bucket of a stage. Access is possible only through its grants. */
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

  /** Sets the names of all tables and of the bucket. This gives no permission. */
  introduce(consumer: Consumer): void {
    consumer.addEnvironment(ENV.tasksTable, this.tasks.tableName);
    consumer.addEnvironment(ENV.registryTable, this.registry.tableName);
    consumer.addEnvironment(ENV.usersTable, this.users.tableName);
    consumer.addEnvironment(ENV.callsTable, this.calls.tableName);
    consumer.addEnvironment(ENV.blobBucket, this.blobs.bucketName);
    if (!this.#listsTasks) consumer.addEnvironment(ENV.taskLists, 'off');
  }

  /** Reading includes the expiry of a task whose deadline has passed. */
  grantGetTask(consumer: Consumer): void {
    this.#allow(consumer, this.tasks, ['dynamodb:GetItem', 'dynamodb:UpdateItem']);
  }

  /** Create tasks, and withdraw those that could not be queued. */
  /** Reads many tasks at once to see which no longer wait, where a backlog is limited. */
  grantCreateTasks(consumer: Consumer): void {
    const reads = ['dynamodb:BatchGetItem', 'dynamodb:GetItem'] as const;
    this.#allow(consumer, this.tasks, [...reads, 'dynamodb:PutItem', 'dynamodb:UpdateItem']);
    this.blobs.grantPutKind(consumer, 'requests');
  }

  /** Count the tasks of a batch by their ids. Creating one also reads what it refused before. */
  grantReadBatches(consumer: Consumer, { creates = false } = {}): void {
    this.#allow(consumer, this.tasks, ['dynamodb:BatchGetItem']);
    if (creates) this.blobs.grantGetKind(consumer, 'requests');
  }

  grantListTasks(consumer: Consumer): void {
    this.grantGetTask(consumer);
    if (this.#listsTasks) this.#queryIndex(consumer, BY_OWNER_INDEX.name);
  }

  grantCountDeadLetters(consumer: Consumer): void {
    this.introduce(consumer);
    this.#queryIndex(consumer, DEAD_LETTERS_INDEX.name);
  }

  /** Requests above the inline limit. */
  grantReadRequests(consumer: Consumer): void {
    this.introduce(consumer);
    this.blobs.grantGetKind(consumer, 'requests');
  }

  /** Rows of minutes, by their keys. */
  grantReadStats(consumer: Consumer): void {
    this.#allow(consumer, this.tasks, ['dynamodb:GetItem']);
  }

  /** Results above the inline limit. */
  grantReadResults(consumer: Consumer): void {
    this.introduce(consumer);
    this.blobs.grantGetKind(consumer, 'results');
  }

  /** End given-up tasks, and keep unreadable dead letters. */
  grantGiveUp(consumer: Consumer): void {
    this.#allow(consumer, this.tasks, ['dynamodb:GetItem', 'dynamodb:UpdateItem']);
    this.blobs.grantPutKind(consumer, 'dead-letters');
  }

  /** Read one task, which must not exist: whether the table answers. */
  grantProbeTasks(consumer: Consumer): void {
    this.#allow(consumer, this.tasks, ['dynamodb:GetItem']);
  }

  /** Models and instances. */
  grantListModels(consumer: Consumer): void {
    this.#allow(consumer, this.registry, ['dynamodb:Query']);
  }

  grantReadContracts(consumer: Consumer): void {
    this.#allow(consumer, this.registry, ['dynamodb:GetItem']);
    this.blobs.grantGetKind(consumer, 'contracts');
  }

  /** Write the wake lock of models. Rows of instances and contracts are excluded. */
  grantLockModels(consumer: Consumer): void {
    this.#allow(consumer, this.registry, ['dynamodb:GetItem']);
    this.#allow(consumer, this.registry, ['dynamodb:PutItem'], onRows(MODEL_ROWS));
  }

  /** Read which instances were launched. */
  grantReadLaunches(consumer: Consumer): void {
    this.#allow(consumer, this.registry, ['dynamodb:Query']);
  }

  /** Request an instance, and cancel the request. */
  grantLaunch(consumer: Consumer): void {
    this.#allow(consumer, this.registry, ['dynamodb:PutItem', 'dynamodb:UpdateItem'], onRows(LAUNCH_ROWS));
  }

  grantEndLaunches(consumer: Consumer): void {
    this.#allow(consumer, this.registry, ['dynamodb:UpdateItem'], onRows(LAUNCH_ROWS));
  }

  grantRememberScaling(consumer: Consumer): void {
    this.#allow(consumer, this.registry, ['dynamodb:GetItem', 'dynamodb:PutItem'], onRows(SCALING_ROWS));
  }

  /** Everything that an instance does: register, read the registry, read requests, write results. */
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

  grantUsers(consumer: Consumer, uses: readonly UseOfUsers[]): void {
    this.#allow(
      consumer,
      this.users,
      uses.map((use) => USER_ACTIONS[use]),
    );
  }

  /** Delete the tasks, batches, webhooks, requests, results, calls and usage of a user. Blobs are emptied. */
  grantErase(consumer: Consumer): void {
    this.grantListTasks(consumer);
    this.#allow(consumer, this.tasks, ['dynamodb:DeleteItem']);
    for (const kind of ['requests', 'results'] as const) {
      this.blobs.grantGetKind(consumer, kind);
      this.blobs.grantPutKind(consumer, kind);
    }
    this.#allow(consumer, this.calls, ['dynamodb:Query', 'dynamodb:BatchWriteItem', 'dynamodb:DeleteItem']);
  }

  grantReadCalls(consumer: Consumer): void {
    this.#allow(consumer, this.calls, ['dynamodb:Query']);
  }

  /** Write only. */
  grantRecordCalls(consumer: Consumer): void {
    this.#allow(consumer, this.calls, ['dynamodb:BatchWriteItem']);
  }

  /** Count the usage of users, in separate rows of the table of calls. */
  grantCountUsage(consumer: Consumer): void {
    this.#allow(consumer, this.calls, ['dynamodb:GetItem', 'dynamodb:UpdateItem'], USAGE);
  }

  /** Count attempts to log in. */
  grantCountLogins(consumer: Consumer): void {
    this.#allow(consumer, this.calls, ['dynamodb:GetItem', 'dynamodb:PutItem'], USAGE);
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

/** Limits a statement to the rows of usage. */
const USAGE = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${USAGE_ROWS}*`] } };

/** Limits a statement to one partition of the registry table. */
const onRows = (kind: string) => ({ 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [kind] } });
