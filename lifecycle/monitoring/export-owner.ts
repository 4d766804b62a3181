import { quoted } from '#adapters/duckdb/tables.ts';
import { inBatches, type JsonObject } from '#core';
import { exporting, PAGE_CHARACTERS, type ReadRows, rowsNaming } from '../export-user.ts';
import { openWorkbench } from '../scratch.ts';
import { monitoringDatabase } from './database.ts';
import { OWNED } from './erase-owner.ts';
import { logFile } from './log-file.ts';
import { manifest } from './manifest.ts';

const MAX_IDS = 400;

/** Batches of the prediction log, each with the predictions of the user and the outcomes that others have reported. */
const logged: ReadRows = async (lifecycle, { owner, after, signal }) => {
  const { query } = await monitoringDatabase(lifecycle);
  const now = lifecycle.platform.clock.now();
  const batches = query.selectFrom('batches').select(['id', 'artifact']).where('first_at', '<', now);
  await using bench = await openWorkbench(lifecycle, signal);
  const rows: JsonObject[] = [];
  let size = 0;
  for (const { id, artifact } of await batches.where('id', '>', after).orderBy('id').execute()) {
    const source = `read_parquet(${quoted(await logFile(lifecycle, artifact))})`;
    const found = await bench.tables.rows(`SELECT * FROM ${source} WHERE owner = ${quoted(owner)}`);
    if (found.length === 0) continue;
    rows.push(...found.map((row) => ({ table: 'prediction_log', row: row as JsonObject })));
    for (const ids of inBatches(
      found.map(({ task_id }) => String(task_id)),
      MAX_IDS,
    )) {
      const outcomes = query
        .selectFrom('outcomes')
        .select(['task_id', 'model', 'predicted_at', 'value', 'recorded_at']);
      const ofOthers = await outcomes.where('task_id', 'in', ids).where('owner', '<>', owner).execute();
      rows.push(...ofOthers.map((row) => ({ table: 'outcomes', row: { ...row } })));
    }
    size += JSON.stringify(found).length;
    if (size >= PAGE_CHARACTERS) return { rows, next: id };
  }
  return { rows };
};

/** The stage `export`: the prediction log, outcomes and settings of a user. */
export const exportOwner = exporting(manifest, [
  ...[
    ...OWNED,
    ...['consents', 'consent_changes', 'erasures'].map((table) => ({ table, key: 'owner', columns: ['owner'] })),
  ].map((trace) => rowsNaming(manifest, trace)),
  logged,
]);
