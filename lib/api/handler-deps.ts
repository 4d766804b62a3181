import { createBacklogGate, createModelDirectory, type Logger, type ModelDirectory, memoize } from '#core';
import type { Platform } from '#platform/platform.ts';
import { type Metrics, noMetrics } from './metrics.ts';

/** Everything a handler stands on; built by the entry points alone. */
export interface HandlerDeps {
  readonly platform: Platform;
  readonly models: ModelDirectory;
  /** Turns submits away, with `backlog_full`, while too many tasks of the model are waiting. */
  readonly enterBacklog: ReturnType<typeof createBacklogGate>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

interface HandlerDepsOptions {
  readonly platform: Platform;
  readonly logger: Logger;
  /** @default nobody counts */
  readonly metrics?: Metrics;
}

const MAX_CONTRACTS = 200;

/** What the handlers of one process share: contracts never change, so each is read once. */
export function createHandlerDeps({ platform, logger, metrics = noMetrics }: HandlerDepsOptions): HandlerDeps {
  const contracts = {
    put: platform.contracts.put.bind(platform.contracts),
    get: memoize((hash) => platform.contracts.get(hash), { maxEntries: MAX_CONTRACTS }),
  };
  const cached = { ...platform, contracts };
  return {
    platform: cached,
    models: createModelDirectory(cached),
    enterBacklog: createBacklogGate(cached),
    logger,
    metrics,
  };
}
