import type { DriftDetected, Pipeline } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import type { Stage } from '../service.ts';
import { runIdOf, startRun } from './start-runs.ts';
import { logLine, pipelinesDatabase, type StoredRun } from './stored-runs.ts';

const DEFAULT_WINDOW_SECONDS = 86_400;

interface Wanted {
  readonly pipeline: Pipeline;
  readonly owner: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** A sentence for the log of the run. */
  readonly reason: string;
}

/**
 * Starts a retraining unless its window has one: drift and schedule together start one run per window. Resolves with
 * whether this call has started it.
 */
export async function startRetraining(lifecycle: Lifecycle, { pipeline, owner, at, reason }: Wanted): Promise<boolean> {
  const windowMs = (pipeline.retraining?.window_seconds ?? DEFAULT_WINDOW_SECONDS) * 1000;
  const window = new Date(Math.floor(at / windowMs) * windowMs).toISOString();
  const run = { pipeline, logicalDate: window.slice(0, 10), cause: `retraining:${window}` };
  const { query } = await pipelinesDatabase(lifecycle);
  const known = query.selectFrom('runs').select('id').where('id', '=', runIdOf(run));
  if (await known.executeTakeFirst()) return false;
  const started: StoredRun = await startRun(lifecycle, { ...run, owner });
  await logLine(lifecycle, started.id, '', reason);
  return true;
}

/** Starts the retrainings of a model whose deployed version has met other data than it was trained on. */
export const retrain: Stage = async (lifecycle, args) => {
  const { model, version, shadow, feature, window } = args as unknown as DriftDetected;
  if (shadow) return { started: [] };
  const deployed = await lifecycle.ask('serving', 'current', { model });
  // A window of a version that was replaced may be judged later.
  if (deployed.version !== null && deployed.version !== version) return { started: [] };
  const { query } = await pipelinesDatabase(lifecycle);
  const started: string[] = [];
  for (const { definition, owner } of await query.selectFrom('pipelines').selectAll().execute()) {
    const pipeline = JSON.parse(definition) as Pipeline;
    const { retraining } = pipeline;
    if (retraining?.model !== model || retraining.on_drift === false) continue;
    const reason = `Started because ${feature} has drifted between ${window.start} and ${window.end}.`;
    const at = lifecycle.platform.clock.now();
    if (await startRetraining(lifecycle, { pipeline, owner, at, reason })) started.push(pipeline.name);
  }
  return { started };
};
