import { v7 as uuidV7 } from 'uuid';
import type { ServiceDatabase } from '#adapters/sql/service-database.ts';
import { advance, ModelyardError, type PipelineRun, type RunCommand, type RunEvent } from '#core';
import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { manifest } from './manifest.ts';
import type { PipelineTables, RunRow } from './tables.ts';

/** A run with what identifies it. */
export interface StoredRun extends Omit<RunRow, 'document' | 'state'> {
  readonly run: PipelineRun;
}

export const pipelinesDatabase = (lifecycle: Pick<Lifecycle, 'stores'>): Promise<ServiceDatabase<PipelineTables>> =>
  databaseOf<PipelineTables>(lifecycle, manifest) as Promise<unknown> as Promise<ServiceDatabase<PipelineTables>>;

export const toStored = ({ document, state: _, ...row }: RunRow): StoredRun => ({
  ...row,
  run: JSON.parse(document) as PipelineRun,
});

/** Rejects with `resource_not_found`. */
export async function readRun(lifecycle: Pick<Lifecycle, 'stores'>, id: string): Promise<StoredRun> {
  const { query } = await pipelinesDatabase(lifecycle);
  const row = await query.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new ModelyardError('resource_not_found', `There is no run ${id}.`);
  return toStored(row);
}

interface Applied {
  readonly stored: StoredRun;
  readonly commands: readonly RunCommand[];
}

/** Applies an event to a run. Of two concurrent events both are applied, one after the other. */
export async function applyEvent(lifecycle: Lifecycle, id: string, event: RunEvent): Promise<Applied> {
  const { query } = await pipelinesDatabase(lifecycle);
  for (;;) {
    const stored = await readRun(lifecycle, id);
    const { run, commands } = advance(stored.run, event);
    if (run === stored.run) return { stored, commands };
    const [version, updated_at] = [stored.version + 1, lifecycle.platform.clock.now()];
    const { numUpdatedRows } = await query
      .updateTable('runs')
      .set({ document: JSON.stringify(run), state: run.state, version, updated_at })
      .where('id', '=', id)
      .where('version', '=', stored.version)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 1n) return { stored: { ...stored, run, version, updated_at }, commands };
  }
}

/** Adds a line to the log of a run. */
export async function logLine(lifecycle: Lifecycle, run_id: string, stage: string, text: string): Promise<void> {
  const { query } = await pipelinesDatabase(lifecycle);
  const at = lifecycle.platform.clock.now();
  await query.insertInto('log_lines').values({ id: uuidV7(), run_id, stage, text, at }).execute();
}
