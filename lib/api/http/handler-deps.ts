import {
  type Accounts,
  type AuthKind,
  type CallLog,
  cachedContracts,
  createBacklog,
  createForecaster,
  createModelDirectory,
  createWaitPace,
  createWaker,
  type Logger,
  latePlaces,
  type ModelDirectory,
  type Principal,
  type Task,
  type UserQuota,
  type UserStore,
  type WaitDeps,
} from '#core';
import type { Platform } from '#platform/platform.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { type Metrics, noMetrics } from './metrics.ts';
import type { RecordCall } from './recorded.ts';
import { createTranscoder, type Transcoder } from './transcoder.ts';

/** Dependencies of the handlers. Only entry points build them. */
export interface HandlerDeps {
  readonly platform: Platform;
  readonly models: ModelDirectory;
  /** Places in the backlog of a model. Taking one rejects with `backlog_full` while too many tasks wait. */
  readonly placesOf: ReturnType<typeof latePlaces>;
  /** Estimates start and end of an unfinished task. */
  readonly forecast: ReturnType<typeof createForecaster>;
  /** Launches an instance of a sleeping model. */
  readonly wakeWhenAsleep: ReturnType<typeof createWaker>;
  /** Dependencies of `waitForTask`, including the learned duration of tasks. */
  readonly waits: WaitDeps;
  readonly transcoder: Transcoder;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Origins whose pages may read responses. */
  readonly corsOrigins: readonly string[];
  /** With `none`, an unidentified caller is the local user. */
  readonly auth: AuthKind;
  /** Tells browsers never to use plain HTTP for this host. */
  readonly isHttpsOnly: boolean;
  /** Users with passwords. Undefined where there are none. */
  readonly accounts?: Accounts;
  /** Users with API keys. Undefined where there are none. */
  readonly users?: UserStore;
  /** Undefined where calls are not recorded. */
  readonly calls?: CallLog;
  /** Takes every answered call. Undefined behind a gateway, which records calls itself. */
  readonly recordCall?: RecordCall;
  /** Number of calls that this process could not record. Undefined where it records none. */
  readonly lostCalls?: () => number;
  /**
   * Counts a request of a known caller. Rejects with `too_many_requests`. Undefined behind a gateway, which counts it.
   */
  readonly enterCaller?: (caller: Principal) => Promise<void>;
  /** Counts the tasks of a caller. Undefined where users have no limits. `endOf` estimates when a task will end. */
  readonly quotaOf?: QuotaOf;
  /** Verifies callers that no gateway has identified. Undefined behind a gateway, which verifies them. */
  readonly authenticate?: Authenticator;
  /** Deletes a user with tasks, calls and keys. Resolves with false for an unknown one. @default the user and keys */
  readonly eraseUser?: (id: string) => Promise<boolean>;
}

type QuotaOf = (
  caller: Pick<Principal, 'id' | 'limits'>,
  endOf: (task: Task) => Promise<number | undefined>,
) => UserQuota | undefined;

type SharedDeps = Omit<
  HandlerDeps,
  | 'models'
  | 'placesOf'
  | 'forecast'
  | 'wakeWhenAsleep'
  | 'waits'
  | 'transcoder'
  | 'metrics'
  | 'corsOrigins'
  | 'isHttpsOnly'
>;

interface HandlerDepsOptions extends SharedDeps {
  /** @default false */
  readonly isHttpsOnly?: boolean;
  /** @default on this thread */
  readonly transcoder?: Transcoder;
  /** @default no metrics */
  readonly metrics?: Metrics;
  /** How long the last snapshot is used while the registry is unavailable. @default one minute */
  readonly maxOutageMs?: number;
}

/** Dependencies that all handlers of a process share. */
export function createHandlerDeps(options: HandlerDepsOptions): HandlerDeps {
  const { transcoder = createTranscoder(), metrics = noMetrics, isHttpsOnly = false, maxOutageMs, ...shared } = options;
  const { platform, logger } = shared;
  const cached = { ...platform, contracts: cachedContracts(platform.contracts) };
  const models = createModelDirectory({ ...cached, maxOutageMs });
  const backlog = createBacklog(platform);
  return {
    ...shared,
    platform: cached,
    models,
    placesOf: latePlaces({ ...platform, backlog }),
    forecast: createForecaster({ models, backlog, clock: platform.clock }),
    wakeWhenAsleep: createWaker({ ...platform, logger }),
    waits: { tasks: platform.tasks, clock: platform.clock, stats: platform.stats, pace: createWaitPace() },
    transcoder,
    metrics,
    corsOrigins: platform.corsOrigins ?? [],
    isHttpsOnly,
  };
}
