import { join } from 'node:path';
import { quoted } from '#adapters/duckdb/tables.ts';
import { ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import type { Workbench } from '../scratch.ts';
import { openWorkbench } from '../scratch.ts';
import type { Stage } from '../service.ts';
import { monitoringDatabase } from './database.ts';
import type { BatchRow } from './tables.ts';

/**
 * The stage `erase`: deletes the predictions of an owner before a time, and their outcomes. An object of the log never
 * changes, so its rest is written again before it is deleted. A repetition finds what is left.
 */
export const eraseOwner: Stage = async (lifecycle, { owner, before, deleted }, { signal }) => {
  if (typeof owner !== 'string' || typeof before !== 'number') {
    throw new ModelyardError('invalid_input', 'The erasure has no owner or no time.');
  }
  const { query } = await monitoringDatabase(lifecycle);
  // What instances still hand on is dropped.
  if (deleted === true) await refuseAll(lifecycle, owner);
  const batches = await query.selectFrom('batches').selectAll().where('first_at', '<', before).execute();
  await using bench = await openWorkbench(lifecycle, signal);
  let erased = 0;
  for (const batch of batches) erased += await eraseIn(lifecycle, bench, batch, { owner, before });
  await query.deleteFrom('outcomes').where('owner', '=', owner).where('predicted_at', '<', before).execute();
  return { erased };
};

async function refuseAll(lifecycle: Lifecycle, owner: string): Promise<void> {
  const { query } = await monitoringDatabase(lifecycle);
  const row = { prediction_log: 'none' as const, updated_at: lifecycle.platform.clock.now() };
  await query
    .insertInto('consents')
    .values({ owner, ...row })
    .onConflict((conflict) => conflict.column('owner').doUpdateSet(row))
    .execute();
}

interface Erased {
  readonly owner: string;
  readonly before: number;
}

/** Resolves with how many predictions of the batch were deleted. */
async function eraseIn(
  lifecycle: Lifecycle,
  { tables, folder }: Workbench,
  { id, artifact, records }: BatchRow,
  { owner, before }: Erased,
): Promise<number> {
  const { artifacts } = lifecycle.stores;
  const source = `read_parquet(${quoted(await artifacts.fileOf(artifact))})`;
  const own = `owner = ${quoted(owner)} AND predicted_at < ${before}`;
  const [counted] = await tables.rows(`SELECT CAST(count(*) AS INTEGER) AS count FROM ${source} WHERE ${own}`);
  const count = Number(counted?.count);
  if (count === 0) return 0;
  const target = join(folder, `${artifact}.parquet`);
  await tables.run(
    `COPY (SELECT * FROM ${source} WHERE NOT (${own})) TO ${quoted(target)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const { hash } = await artifacts.putFile(target);
  const { query } = await monitoringDatabase(lifecycle);
  const change = { artifact: hash, records: records - count };
  await query.updateTable('batches').set(change).where('id', '=', id).where('artifact', '=', artifact).execute();
  const others = await query.selectFrom('batches').select('id').where('artifact', '=', artifact).execute();
  if (others.length === 0) await artifacts.delete(artifact);
  return count;
}
