import {
  cachedContracts,
  createBacklog,
  createBacklogGate,
  createForecaster,
  createModelDirectory,
  createWaitPace,
  createWaker,
  type Logger,
  type ModelDirectory,
  type WaitDeps,
} from '#core';
import type { Platform } from '#platform/platform.ts';
import { type Metrics, noMetrics } from './metrics.ts';

/** Everything a handler stands on; built by the entry points alone. */
export interface HandlerDeps {
  readonly platform: Platform;
  readonly models: ModelDirectory;
  /** Turns submits away, with `backlog_full`, while too many tasks of the model are waiting. */
  readonly enterBacklog: ReturnType<typeof createBacklogGate>;
  /** Estimates when a task that has not ended will start and end. */
  readonly forecast: ReturnType<typeof createForecaster>;
  /** Has an instance launched for a model that sleeps when idle and is asleep. */
  readonly wakeWhenAsleep: ReturnType<typeof createWaker>;
  /** What waiting for a task stands on, and what this process has learned about how long it takes. */
  readonly waits: WaitDeps;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Origins whose pages may read answers. */
  readonly corsOrigins: readonly string[];
}

interface HandlerDepsOptions {
  readonly platform: Platform;
  readonly logger: Logger;
  /** @default nobody counts */
  readonly metrics?: Metrics;
  /** How long answers come from what was read last while the registry is away. @default a minute */
  readonly maxOutageMs?: number;
}

/** What the handlers of one process share. */
export function createHandlerDeps(options: HandlerDepsOptions): HandlerDeps {
  const { platform, logger, metrics = noMetrics, maxOutageMs } = options;
  const cached = { ...platform, contracts: cachedContracts(platform.contracts) };
  const models = createModelDirectory({ ...cached, maxOutageMs });
  const backlog = createBacklog(platform);
  return {
    platform: cached,
    models,
    enterBacklog: createBacklogGate(backlog),
    forecast: createForecaster({ models, backlog, clock: platform.clock }),
    wakeWhenAsleep: createWaker({ ...platform, logger }),
    waits: { tasks: platform.tasks, clock: platform.clock, pace: createWaitPace() },
    logger,
    metrics,
    corsOrigins: platform.corsOrigins ?? [],
  };
}
