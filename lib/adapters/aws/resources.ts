import { MAX_ATTEMPTS } from '#core';

/** The resources of the adapters as data, without an SDK. The CDK constructs and the local provisioning create them. */
export interface TableDefinition {
  readonly partitionKey: KeyDefinition;
  readonly sortKey?: KeyDefinition;
  /** Unix seconds after which DynamoDB may delete the row. Absent if rows do not expire. */
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
  /** Projected attributes besides the keys. They never change, so a task writes each index once. */
  readonly include: readonly string[];
}

/** Number of partitions per owner. Rows that were written with another number are not listed. */
export const OWNER_SHARDS = 8;

/** The key of rows that are listed by owner, newest last. */
export const OWNER_SHARD = { name: 'ownerShard', type: 'S' } as const satisfies KeyDefinition;
export const CREATED_KEY = { name: 'createdKey', type: 'S' } as const satisfies KeyDefinition;

export const BY_OWNER_INDEX = {
  name: 'by-owner',
  partitionKey: OWNER_SHARD,
  sortKey: CREATED_KEY,
  include: ['model'],
} as const satisfies IndexDefinition;

/** Tasks that were given up, by model. Sparse: other tasks do not have the partition key. */
export const DEAD_LETTERS_INDEX = {
  name: 'dead-letters',
  partitionKey: { name: 'deadLetterModel', type: 'S' },
  sortKey: { name: 'endedAt', type: 'N' },
  include: [],
} as const satisfies IndexDefinition;

/** One row per task. The key is the id, so that no partition is hot. */
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

/** The partition key of models in the registry table. */
export const MODEL_ROWS = 'model';
/** That of launched instances, and that of what scaling remembers. */
export const LAUNCH_ROWS = 'launch';
export const SCALING_ROWS = 'scaling';

/** One row per user, found by name and by id. See `nameKeyOf`. */
export const USERS_TABLE = {
  partitionKey: { name: 'place', type: 'S' },
  indexes: [],
} as const satisfies TableDefinition;

/** One row per call, without an index: recording a call is one write. Calls are read by owner only. */
export const CALLS_TABLE = {
  partitionKey: OWNER_SHARD,
  sortKey: CREATED_KEY,
  ttlAttribute: 'ttl',
  indexes: [],
} as const satisfies TableDefinition;

/** First part of the partition keys of usage in the table of calls. Lists of calls begin with a number. */
export const USAGE_ROWS = 'usage#';

/** Settings of all task queues. */
export const TASK_QUEUE = {
  /** The default lease. Consumers renew it. */
  visibilitySeconds: 30,
  /** Longer than the maximum deadline, so that no task outlives its message. */
  retentionSeconds: 8 * 24 * 3600,
  /** Default wait of a receive. */
  waitSeconds: 20,
  /** Receives before SQS dead-letters a message. Workers reject it earlier, at `maxAttempts`. */
  maxReceives: MAX_ATTEMPTS + 1,
} as const;

/** Settings of all dead-letter queues. A message that SQS moves keeps its age, so the retention is longer. */
export const DEAD_LETTER_QUEUE = {
  visibilitySeconds: 60,
  retentionSeconds: 14 * 24 * 3600,
  waitSeconds: 20,
} as const;

/** Blobs of tasks expire after the longest deadline and retention. Contracts do not expire. */
export const BLOB_EXPIRY = {
  prefixes: ['requests/', 'results/', 'dead-letters/'],
  days: 15,
} as const;

/** The task queue of a model: a name or, with a URL prefix, a URL. SQS allows 80 characters; prefixes have up to 19. */
export const taskQueueName = (prefix: string, model: string): string => `${prefix}${dashed(model)}-tasks`;

/** The dead-letter queue of a model: a name or, with a URL prefix, a URL. */
export const deadLetterQueueName = (prefix: string, model: string): string => `${prefix}${dashed(model)}-dead-letters`;

/** The queue of webhooks: a name or, with a URL prefix, a URL. No model's queue ends like this. */
export const webhookQueueName = (prefix: string): string => `${prefix}webhooks`;

/** Settings of the queue of webhooks. Messages that wait longer than SQS allows are sent again. */
export const WEBHOOK_QUEUE = {
  /** Longer than a sender works on a batch. */
  visibilitySeconds: 180,
  retentionSeconds: 14 * 24 * 3600,
  waitSeconds: 20,
} as const;

/** The container name in the ECS task definition of a model. */
export const MODEL_CONTAINER = 'Model';

/** The ECS service of a model and the family of its task definitions. */
export const modelServiceName = (prefix: string, model: string): string => `${prefix}${dashed(model)}`;

const dashed = (model: string): string => model.replaceAll('_', '-');

/** How containers of stages run on ECS: where, and the image that brings them their files. */
export interface ContainerTasks {
  readonly cluster: string;
  /** First part of the names of task definitions. */
  readonly family: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: boolean;
  /** Pulls images and writes logs. The containers themselves have no role. */
  readonly executionRole: string;
  readonly logGroup: string;
  readonly region: string;
  /** The image of the worker. */
  readonly helper: string;
}
