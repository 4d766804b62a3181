/** Where the image of a model comes from. */
type ImageSource =
  /** Built from the repository's Dockerfile when the stack is deployed. */
  | { readonly kind: 'asset' }
  /** Built before, by compose for example; `{model}` in the reference stands for the model's name with dashes. */
  | { readonly kind: 'registry'; readonly ref: string };

/** Everything in which stages differ. */
export interface StageConfig {
  readonly images: ImageSource;
  readonly api: ApiConfig;
  /** `public`: instances have a public address and no way in. `private`: behind a NAT gateway, for about $33 a month. */
  readonly network: 'public' | 'private';
  /** `spot` saves 70 % of Fargate and gives two minutes' notice; tasks in hand go back to their queue. */
  readonly capacity: 'fargate' | 'spot';
  /** Instances that every model keeps when idle. */
  readonly minInstances: number;
  /** Whether data outlives mistakes: deletion protection, point-in-time recovery, retained on removal. */
  readonly keepsData: boolean;
  /** Whether owners can list their tasks. The index for it is a quarter of what a prediction writes. */
  readonly listsTasks: boolean;
  readonly logRetentionDays: 7 | 30 | 90;
  /** Traces of one request in 20, at $5 per million traces. */
  readonly tracing: boolean;
  /** The lines that Lambda itself writes of every run: its start, its end, and what it used. */
  readonly platformLogs: boolean;
  /** Simultaneous runs of the submit handler. @default those of the account */
  readonly submitConcurrency?: number;
  /** Leaves out what local AWS emulators lack. */
  readonly emulated: boolean;
}

/** The API of a stage; an authorizer excludes the URL that would go round it. */
export type ApiConfig = ApiSettings & (UnguardedApi | GuardedApi);

interface ApiSettings {
  /** `rest`: usage plans, request validation, API keys. `http`: a third of the price, and none of these. */
  readonly kind: 'rest' | 'http';
  /** Of all callers together; more are refused with 429. */
  readonly ratePerSecond: number;
  readonly burst: number;
  /** Origins that browsers may call from. Empty: none. */
  readonly corsOrigins: readonly string[];
}

interface UnguardedApi {
  /** Predictions at a URL of the submit handler itself too, at no price and with nothing in front of it. */
  readonly submitUrl: boolean;
  readonly authorizer?: undefined;
}

interface GuardedApi {
  readonly submitUrl: false;
  readonly authorizer: AuthorizerConfig;
}

/**
 * A Lambda of this account and region that API Gateway asks who calls, with the headers of the request, before every
 * route whose caller must be known. Without an `Authorization` header the answer is 401, and it is not asked.
 *
 * It answers `{ principalId, policyDocument }`. `principalId` becomes the caller: tasks belong to it. The answer is kept
 * for five minutes and holds for every route meanwhile, so the policy must allow the whole stage, not the one
 * `methodArn` that was asked about: `arn:aws:execute-api:<region>:<account>:<api>/<stage>/*`.
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

/** `-c stage=` picks one. */
export const STAGES = {
  dev: DEV,
  prod: {
    ...DEV,
    api: { ...API, ratePerSecond: 2000, burst: 4000 },
    capacity: 'fargate',
    keepsData: true,
    logRetentionDays: 90,
  },
  /** The cheapest: of the HTTP contract it leaves out the list of tasks alone. `npm run cost` says what else it gives up. */
  lean: {
    ...DEV,
    api: { ...API, kind: 'http', submitUrl: true },
    listsTasks: false,
    tracing: false,
    platformLogs: false,
  },
  /** For AWS emulators; model instances run as processes, or as containers where the emulator has an engine. */
  local: {
    ...DEV,
    images: { kind: 'registry', ref: 'modelyard/{model}:local' },
    capacity: 'fargate',
    emulated: true,
  },
} as const satisfies Record<string, StageConfig>;

export type StageName = keyof typeof STAGES;

/** What `-c stage=` asks for: a stage, or something that is none. */
export type WantedStage = { readonly stage: StageName } | { readonly fault: string };

/** Finds the stage of this name, whatever the context gives for one. */
export function stageOf(name: unknown): WantedStage {
  const stages = Object.keys(STAGES) as StageName[];
  const stage = stages.find((known) => known === name);
  if (stage) return { stage };
  const said = typeof name === 'string' ? `"${name}"` : JSON.stringify(name);
  return { fault: `There is no stage ${said}; choose one with -c stage=: ${stages.join(', ')}.` };
}
