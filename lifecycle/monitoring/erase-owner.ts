import { join } from 'node:path';
import { quoted } from '#adapters/duckdb/tables.ts';
import { inBatches, ModelyardError, PREDICTION_LOG_OWNER } from '#core';
import { erasing, notTheirs } from '../erase-user.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { retryConflicts } from '../retry-conflicts.ts';
import type { Workbench } from '../scratch.ts';
import { openWorkbench } from '../scratch.ts';
import type { Stage } from '../service.ts';
import type { UserColumns } from '../user-columns.ts';
import { monitoringDatabase } from './database.ts';
import { manifest } from './manifest.ts';
import type { BatchRow } from './tables.ts';

const MAX_IDS = 400;
/** Users who erase their predictions at the same moment. */
const MAX_TRIES = 50;

/** What stays without the user. */
export const OWNED: readonly UserColumns[] = [
  { table: 'outcomes', key: 'task_id', columns: ['owner'] },
  { table: 'settings', key: 'model', columns: ['updated_by'] },
];

const anonymize = erasing(manifest, OWNED);

/**
 * The stage `erase`: deletes the predictions of an owner before a time, and their outcomes. An object of the log never
 * changes, so its rest is written again before it is deleted. A repetition finds what is left. `deleted`: outcomes that
 * the owner has reported of predictions of others stay, without the owner.
 */
export const eraseOwner: Stage = async (lifecycle, args, run) => {
  const { owner, before, deleted } = args;
  if (typeof owner !== 'string' || typeof before !== 'number') {
    throw new ModelyardError('invalid_input', 'The erasure has no owner or no time.');
  }
  const isOwn = deleted !== true && run.owner === owner;
  if (!isOwn && run.owner !== PREDICTION_LOG_OWNER) throw notTheirs();
  // A service that was never used has nothing.
  if (!lifecycle.stores.hasDatabase(manifest.name)) return { erased: 0 };
  const { query } = await monitoringDatabase(lifecycle);
  // What instances still hand on is dropped.
  if (deleted === true) await refuseAll(lifecycle, owner);
  const batches = await query.selectFrom('batches').selectAll().where('first_at', '<', before).execute();
  await using bench = await openWorkbench(lifecycle, run.signal);
  let erased = 0;
  for (const batch of batches) erased += await eraseIn(lifecycle, bench, batch, { owner, before });
  if (deleted === true) {
    await anonymize(lifecycle, args, run);
    for (const table of ['erasures', 'consent_changes'] as const) {
      await query.deleteFrom(table).where('owner', '=', owner).execute();
    }
  } else await query.deleteFrom('outcomes').where('owner', '=', owner).where('predicted_at', '<', before).execute();
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
async function eraseIn(lifecycle: Lifecycle, bench: Workbench, { id }: BatchRow, erased: Erased): Promise<number> {
  const { query } = await monitoringDatabase(lifecycle);
  const rows = query.selectFrom('batches').selectAll().where('id', '=', id);
  const erase = async () => {
    const batch = await rows.executeTakeFirstOrThrow();
    try {
      return await tryErase(lifecycle, bench, batch, erased);
    } catch (error) {
      // Recovery: another erasure has deleted the object meanwhile, and the next try reads the new one.
      if ((await rows.executeTakeFirstOrThrow()).artifact === batch.artifact) throw error;
      return undefined;
    }
  };
  return retryConflicts(erase, { maxTries: MAX_TRIES, conflict: 'Too many users erase their predictions.' });
}

/** Resolves with undefined if the erasure of another user has written the batch again meanwhile. */
async function tryErase(
  lifecycle: Lifecycle,
  { tables, folder }: Workbench,
  { id, artifact, records }: BatchRow,
  { owner, before }: Erased,
): Promise<number | undefined> {
  const { artifacts } = lifecycle.stores;
  const { query } = await monitoringDatabase(lifecycle);
  const source = `read_parquet(${quoted(await artifacts.fileOf(artifact))})`;
  const own = `owner = ${quoted(owner)} AND predicted_at < ${before}`;
  const found = await tables.rows(`SELECT task_id FROM ${source} WHERE ${own}`);
  const count = found.length;
  if (count === 0) return 0;
  for (const ids of inBatches(
    found.map(({ task_id }) => String(task_id)),
    MAX_IDS,
  )) {
    await query.deleteFrom('outcomes').where('task_id', 'in', ids).execute();
  }
  const target = join(folder, `${artifact}.parquet`);
  await tables.run(
    `COPY (SELECT * FROM ${source} WHERE NOT (${own})) TO ${quoted(target)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const { hash } = await artifacts.putFile(target);
  const change = { artifact: hash, records: records - count };
  const rows = query.updateTable('batches').set(change).where('id', '=', id).where('artifact', '=', artifact);
  const isWritten = (await rows.executeTakeFirst()).numUpdatedRows === 1n;
  const unused = isWritten ? artifact : hash;
  const others = await query.selectFrom('batches').select('id').where('artifact', '=', unused).execute();
  if (others.length === 0) await artifacts.delete(unused);
  return isWritten ? count : undefined;
}
