import { erasing } from '../erase-user.ts';
import { exporting, type ReadRows, rowsNaming } from '../export-user.ts';
import type { Stage } from '../service.ts';
import type { UserColumns } from '../user-columns.ts';
import { manifest } from './manifest.ts';
import { servingDatabase } from './serving-database.ts';

/** With the rows that they have used, fewer than Aurora DSQL changes in one transaction. */
const MAX_PREDICTIONS = 100;

const DECISIONS: readonly UserColumns[] = [
  { table: 'deployments', key: 'id', columns: ['owner'] },
  { table: 'rollouts', key: 'id', columns: ['owner'] },
];
const PREDICTIONS: UserColumns = { table: 'predictions', key: 'task_id', columns: ['owner'] };

const anonymize = erasing(manifest, DECISIONS);

/** The stage `erase`: deletes the predictions of a deleted user with their lineage. Decisions stay, without the user. */
export const erasePredictions: Stage = async (lifecycle, args, run) => {
  const { changed } = await anonymize(lifecycle, args, run);
  if (!lifecycle.stores.hasDatabase(manifest.name)) return { changed, erased: 0 };
  const database = await servingDatabase(lifecycle);
  let erased = 0;
  for (;;) {
    const rows = await database.query
      .selectFrom('predictions')
      .select('task_id')
      .where('owner', '=', String(args.owner))
      .limit(MAX_PREDICTIONS)
      .execute();
    if (rows.length === 0) return { changed, erased };
    const ids = rows.map(({ task_id }) => task_id);
    await database.transaction(async (transaction) => {
      await transaction.deleteFrom('used_rows').where('task_id', 'in', ids).execute();
      await transaction.deleteFrom('predictions').where('task_id', 'in', ids).execute();
    });
    erased += ids.length;
  }
};

/** The rows of datasets that the predictions of a user have used. */
const usedRows: ReadRows = async (lifecycle, { owner, after }) => {
  const { query } = await servingDatabase(lifecycle);
  const predictions = query.selectFrom('predictions').select('task_id').where('owner', '=', owner);
  const page = predictions.where('task_id', '>', after).orderBy('task_id').limit(MAX_PREDICTIONS);
  const ids = (await page.execute()).map(({ task_id }) => task_id);
  const next = ids.length < MAX_PREDICTIONS ? undefined : ids.at(-1);
  const used =
    ids.length === 0 ? [] : await query.selectFrom('used_rows').selectAll().where('task_id', 'in', ids).execute();
  return {
    rows: used.map((row) => ({ table: 'used_rows', row: { ...row } })),
    ...(next === undefined ? {} : { next }),
  };
};

/** The stage `export`. */
export const exportPredictions = exporting(manifest, [
  ...[...DECISIONS, PREDICTIONS].map((trace) => rowsNaming(manifest, trace)),
  usedRows,
]);
