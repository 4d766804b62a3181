import type { DATABASE_URLS } from '#platform/lifecycle-databases.ts';
import type { FirewallConfig } from '../constructs/firewall.ts';
import type { AuthConfig } from '../constructs/identity.ts';
import type { NetworkKind } from '../constructs/network.ts';
import type { Subscriber } from '../constructs/notifications.ts';

type ImageSource =
  /** Built from the Dockerfile at deployment. */
  | { readonly kind: 'asset' }
  /** An existing image. `{model}` stands for the model's name with dashes. */
  | { readonly kind: 'registry'; readonly ref: string };

/** All differences between stages. */
export interface StageConfig {
  readonly images: ImageSource;
  readonly api: ApiConfig;
  /** Authentication of callers. `none` is refused on AWS. */
  readonly auth: AuthConfig;
  /**
   * No instance accepts connections. `ipv6`: instances have addresses of IPv6 only, which are free, and reach nothing
   * else. `public`: each has a public IPv4 address, $3.65 a month. `private`: a NAT gateway, about $33 a month.
   */
  readonly network: NetworkKind;
  /**
   * `spot` saves 70 % of Fargate. Instances may stop with two minutes' notice; their tasks return to the queue. While
   * Spot has no capacity, instances start on demand. A deployed stage keeps its kind: CloudFormation would create
   * services beside those whose names they have.
   */
  readonly capacity: 'fargate' | 'spot';
  /** Instances of every model that stay while idle. */
  readonly minInstances: number;
  /**
   * Termination protection of the stack; deletion protection and point-in-time recovery of its tables; versions of its
   * objects; daily backups of its databases. Tables, buckets and logs stay when the stack is deleted.
   */
  readonly keepsData: boolean;
  /** Clusters of Aurora DSQL that AWS Backup has restored, by service of the lifecycle: their ids. @default none */
  readonly restoredDatabases?: Readonly<Partial<Record<keyof typeof DATABASE_URLS, string>>>;
  /** Whether owners can list their tasks. The index is a quarter of the writes of a prediction. */
  readonly listsTasks: boolean;
  /**
   * Limits of users: `rates` counts requests, about $0.15 a million; `all` tasks too, about $0.80 more. API Gateway
   * throttles all callers together anyway.
   */
  readonly userLimits: 'all' | 'rates' | 'none';
  /** How long the call log keeps calls, in days, about $0.50 a million calls. 0: calls are not recorded. */
  readonly callDays: number;
  readonly logRetentionDays: 7 | 30 | 90;
  /** Traces one request in 20, at $5 per million traces. */
  readonly tracing: boolean;
  /** Start and report lines of Lambda. */
  readonly platformLogs: boolean;
  /**
   * Concurrent runs that are kept for a Lambda, and that it may not pass, by its folder in `lambdas/`. The account keeps
   * at least 100 for all others, so an account with a quota of 10 allows none. @default none
   */
  readonly reservedConcurrency?: Readonly<Record<string, number>>;
  /** Subscribers of alarms. @default none */
  readonly subscribers?: readonly Subscriber[];
  /** The address that alerts of the lifecycle are mailed from, an identity of Amazon SES. @default no mail */
  readonly alertsFrom?: string;
  /** Tells the subscribers when a month's forecast passes this many US dollars. @default no budget */
  readonly monthlyBudget?: number;
  /** Leaves out what AWS emulators do not support. */
  readonly emulated: boolean;
}

interface ApiConfig {
  /** `rest`: request validation, problem details, WAF. `http`: a third of the price, without these. */
  readonly kind: 'rest' | 'http';
  /** Adds a function URL of the submit handler: free, and without throttling or access log. It verifies callers itself. */
  readonly submitUrl: boolean;
  /** For all callers together. More requests are answered 429. */
  readonly ratePerSecond: number;
  readonly burst: number;
  /** Origins that browsers may call from. Empty: none. */
  readonly corsOrigins: readonly string[];
  /**
   * A web ACL with the managed rules of AWS and a limit per address, about $9 a month and $0.60 a million requests. For
   * `rest` only. @default none
   */
  readonly firewall?: FirewallConfig;
}

const API = {
  kind: 'rest',
  submitUrl: false,
  ratePerSecond: 500,
  burst: 1000,
  corsOrigins: [],
} as const satisfies ApiConfig;

const DEV = {
  images: { kind: 'asset' },
  api: API,
  auth: { kind: 'jwt', registration: 'closed' },
  network: 'public',
  capacity: 'spot',
  minInstances: 0,
  keepsData: false,
  listsTasks: true,
  userLimits: 'all',
  callDays: 30,
  logRetentionDays: 7,
  tracing: true,
  platformLogs: true,
  emulated: false,
} as const satisfies StageConfig;

/** Selected by `-c stage=`. */
export const STAGES = {
  dev: DEV,
  prod: {
    ...DEV,
    api: { ...API, ratePerSecond: 2000, burst: 4000 },
    network: 'ipv6',
    keepsData: true,
    logRetentionDays: 90,
  },
  /**
   * The lowest price. Of the HTTP contract, the lists of tasks and calls are missing. `npm run cost` lists the other
   * differences.
   */
  lean: {
    ...DEV,
    api: { ...API, kind: 'http', submitUrl: true },
    network: 'ipv6',
    listsTasks: false,
    userLimits: 'rates',
    callDays: 0,
    tracing: false,
    platformLogs: false,
  },
  /** For AWS emulators. Instances run as processes, or as containers if the emulator has an engine. */
  local: {
    ...DEV,
    images: { kind: 'registry', ref: 'modelyard/{model}:local' },
    auth: { kind: 'none' },
    capacity: 'fargate',
    emulated: true,
  },
} as const satisfies Record<string, StageConfig>;

export type StageName = keyof typeof STAGES;

export type WantedStage = { readonly stage: StageName } | { readonly fault: string };

export function stageOf(name: unknown): WantedStage {
  const stages = Object.keys(STAGES) as StageName[];
  const stage = stages.find((known) => known === name);
  if (stage) return { stage };
  const said = typeof name === 'string' ? `"${name}"` : JSON.stringify(name);
  return { fault: `There is no stage ${said}; choose one with -c stage=: ${stages.join(', ')}.` };
}
