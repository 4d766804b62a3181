import { MAX_ATTEMPTS } from '#core';

/**
 * What the adapters need to exist, as data without an SDK: the CDK constructs and the local provisioning
 * both create exactly this.
 */
export interface TableDefinition {
  readonly partitionKey: KeyDefinition;
  readonly sortKey?: KeyDefinition;
  /** Unix seconds after which DynamoDB may delete the row. Absent where rows are kept for good. */
  readonly ttlAttribute?: string;
  readonly indexes: readonly IndexDefinition[];
}

export interface KeyDefinition {
  readonly name: string;
  readonly type: 'S' | 'N';
}

export interface IndexDefinition {
  readonly name: string;
  readonly partitionKey: KeyDefinition;
  readonly sortKey: KeyDefinition;
  /** Projected besides the keys. None of them ever changes, so a task writes each index once. */
  readonly include: readonly string[];
}

/** Partitions that one owner's list is spread over. What was written under another number is no longer listed. */
export const OWNER_SHARDS = 8;

/** The key of whatever is listed by owner, newest last. */
export const OWNER_SHARD = { name: 'ownerShard', type: 'S' } as const satisfies KeyDefinition;
export const CREATED_KEY = { name: 'createdKey', type: 'S' } as const satisfies KeyDefinition;

/** Tasks by owner. */
export const BY_OWNER_INDEX = {
  name: 'by-owner',
  partitionKey: OWNER_SHARD,
  sortKey: CREATED_KEY,
  include: ['model'],
} as const satisfies IndexDefinition;

/** Tasks that were given up, by model. Sparse: only those carry the partition key. */
export const DEAD_LETTERS_INDEX = {
  name: 'dead-letters',
  partitionKey: { name: 'deadLetterModel', type: 'S' },
  sortKey: { name: 'endedAt', type: 'N' },
  include: [],
} as const satisfies IndexDefinition;

/** One row per task, keyed by id so that no partition gets hot. */
export const TASKS_TABLE = {
  partitionKey: { name: 'id', type: 'S' },
  ttlAttribute: 'ttl',
  indexes: [BY_OWNER_INDEX, DEAD_LETTERS_INDEX],
} as const satisfies TableDefinition;

/** Models, instances and contracts: few rows, read by partition. */
export const REGISTRY_TABLE = {
  partitionKey: { name: 'kind', type: 'S' },
  sortKey: { name: 'name', type: 'S' },
  ttlAttribute: 'ttl',
  indexes: [],
} as const satisfies TableDefinition;

/** The partition of the registry that holds the rows of models. */
export const MODEL_ROWS = 'model';

/** One row per user, found by the name and by the id: see `nameKeyOf`. */
export const USERS_TABLE = {
  partitionKey: { name: 'place', type: 'S' },
  indexes: [],
} as const satisfies TableDefinition;

/** One row per call, without an index: a call is recorded by one write unit, and never read but in its owner's list. */
export const CALLS_TABLE = {
  partitionKey: OWNER_SHARD,
  sortKey: CREATED_KEY,
  ttlAttribute: 'ttl',
  indexes: [],
} as const satisfies TableDefinition;

/** Settings of every model's task queue. */
export const TASK_QUEUE = {
  /** The default lease; consumers renew it. */
  visibilitySeconds: 30,
  /** Longer than the longest deadline, so that no task outlives its message. */
  retentionSeconds: 8 * 24 * 3600,
  /** Of receives that do not say how long they wait. */
  waitSeconds: 20,
  /** After so many receives SQS itself moves a message to the dead letters. Workers reject it before, at `maxAttempts`. */
  maxReceives: MAX_ATTEMPTS + 1,
} as const;

/** Settings of every model's dead-letter queue. A message that the broker moves keeps its age, so this is longer. */
export const DEAD_LETTER_QUEUE = {
  visibilitySeconds: 60,
  retentionSeconds: 14 * 24 * 3600,
  waitSeconds: 20,
} as const;

/** Blobs under these prefixes belong to tasks and outlive the longest deadline and retention; contracts stay for good. */
export const BLOB_EXPIRY = {
  prefixes: ['requests/', 'results/', 'dead-letters/'],
  days: 15,
} as const;

/** The task queue of a model, as a name or, with a URL prefix, as a URL. SQS allows 80 characters: prefixes have up to 19. */
export const taskQueueName = (prefix: string, model: string): string => `${prefix}${dashed(model)}-tasks`;

/** The dead letters of a model, as a name or, with a URL prefix, as a URL. */
export const deadLetterQueueName = (prefix: string, model: string): string => `${prefix}${dashed(model)}-dead-letters`;

/** The one container of every model's tasks on ECS. */
export const MODEL_CONTAINER = 'Model';

/** The ECS service of a model, and the family of its task definitions. */
export const modelServiceName = (prefix: string, model: string): string => `${prefix}${dashed(model)}`;

const dashed = (model: string): string => model.replaceAll('_', '-');
