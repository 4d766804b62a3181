type ImageSource =
  /** Built from the Dockerfile at deployment. */
  | { readonly kind: 'asset' }
  /** An existing image. `{model}` stands for the model's name with dashes. */
  | { readonly kind: 'registry'; readonly ref: string };

/** All differences between stages. */
export interface StageConfig {
  readonly images: ImageSource;
  readonly api: ApiConfig;
  /**
   * `public`: instances have public addresses and accept no connections. `private`: a NAT gateway, about $33 a month.
   */
  readonly network: 'public' | 'private';
  /** `spot` saves 70 % of Fargate. Instances may stop with two minutes' notice; their tasks return to the queue. */
  readonly capacity: 'fargate' | 'spot';
  /** Instances of every model that stay while idle. */
  readonly minInstances: number;
  /** Deletion protection, point-in-time recovery, and retained when the stack is deleted. */
  readonly keepsData: boolean;
  /** Whether owners can list their tasks. The index is a quarter of the writes of a prediction. */
  readonly listsTasks: boolean;
  readonly logRetentionDays: 7 | 30 | 90;
  /** Traces one request in 20, at $5 per million traces. */
  readonly tracing: boolean;
  /** Start and report lines of Lambda. */
  readonly platformLogs: boolean;
  /** Reserved concurrency of the submit handler. @default the account's */
  readonly submitConcurrency?: number;
  /** Leaves out what AWS emulators do not support. */
  readonly emulated: boolean;
}

/** An authorizer excludes `submitUrl`, which would bypass it. */
export type ApiConfig = ApiSettings & (UnguardedApi | GuardedApi);

interface ApiSettings {
  /** `rest`: usage plans, request validation, API keys. `http`: a third of the price, without these. */
  readonly kind: 'rest' | 'http';
  /** For all callers together. More requests are answered 429. */
  readonly ratePerSecond: number;
  readonly burst: number;
  /** Origins that browsers may call from. Empty: none. */
  readonly corsOrigins: readonly string[];
}

interface UnguardedApi {
  /** Adds a function URL of the submit handler: free, and without throttling or access log. */
  readonly submitUrl: boolean;
  readonly authorizer?: undefined;
}

interface GuardedApi {
  readonly submitUrl: false;
  readonly authorizer: AuthorizerConfig;
}

/**
 * A Lambda of this account and region that authenticates callers. API Gateway calls it with the request headers for
 * every route that is not public. A request without an `Authorization` header is answered 401 without calling it.
 * It returns `{ principalId, policyDocument, context }`. `principalId` becomes the owner of tasks, and `context.role` is
 * `user` (the default), `operator` or `admin`. The result is cached for half a minute and applies to all routes, so the
 * policy must allow the whole stage instead of `methodArn`:
 * `arn:aws:execute-api:<region>:<account>:<api>/<stage>/*`.
 */
export interface AuthorizerConfig {
  readonly functionArn: string;
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
  network: 'public',
  capacity: 'spot',
  minInstances: 0,
  keepsData: false,
  listsTasks: true,
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
    capacity: 'fargate',
    keepsData: true,
    logRetentionDays: 90,
  },
  /**
   * The lowest price. Of the HTTP contract, only `GET /tasks` is missing. `npm run cost` lists the other differences.
   */
  lean: {
    ...DEV,
    api: { ...API, kind: 'http', submitUrl: true },
    listsTasks: false,
    tracing: false,
    platformLogs: false,
  },
  /** For AWS emulators. Instances run as processes, or as containers if the emulator has an engine. */
  local: {
    ...DEV,
    images: { kind: 'registry', ref: 'modelyard/{model}:local' },
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
