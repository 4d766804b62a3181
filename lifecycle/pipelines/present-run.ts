import type { JsonObject, StageState } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { pipelinesDatabase, type StoredRun } from './stored-runs.ts';

const MAX_LINES = 1000;
const ENDED: readonly StageState[] = ['succeeded', 'skipped', 'failed', 'canceled'];

const timeOf = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());

/** A run with its progress and the durations of its stages. */
export function presentRun({ run, cause, ...stored }: StoredRun): JsonObject {
  const stages = run.pipeline.stages.map(({ name, uses, image, after = [] }) => {
    const { state = 'waiting', startedAt, endedAt, output, error } = run.stages[name] ?? {};
    const durationMs = startedAt === undefined || endedAt === undefined ? null : endedAt - startedAt;
    return {
      ...{
        name,
        uses,
        ...(image === undefined ? {} : { image }),
        after,
        state,
        started_at: timeOf(startedAt),
        ended_at: timeOf(endedAt),
        duration_ms: durationMs,
      },
      ...{ output: (output ?? null) as JsonObject | null, error: error ?? null },
    };
  });
  return {
    ...{ id: stored.id, pipeline: stored.pipeline, state: run.state, logical_date: stored.logical_date },
    ...{ cause: cause === '' ? null : cause, owner: stored.owner },
    progress: { ended: stages.filter(({ state }) => ENDED.includes(state)).length, stages: stages.length },
    ...{ created_at: timeOf(stored.created_at), updated_at: timeOf(stored.updated_at) },
    stages,
    links: { self: `/pipelines/${stored.pipeline}/runs/${stored.id}` },
  };
}

/** The log of a run, oldest line first. */
export async function logOf(lifecycle: Lifecycle, runId: string): Promise<readonly JsonObject[]> {
  const { query } = await pipelinesDatabase(lifecycle);
  const rows = await query
    .selectFrom('log_lines')
    .selectAll()
    .where('run_id', '=', runId)
    .orderBy('at')
    .orderBy('id')
    .limit(MAX_LINES)
    .execute();
  return rows.map(({ stage, text, at }) => ({ at: timeOf(at), stage: stage === '' ? null : stage, text }));
}
