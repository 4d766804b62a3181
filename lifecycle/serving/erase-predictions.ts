import { erasing } from '../erase-user.ts';
import type { Stage } from '../service.ts';
import { manifest } from './manifest.ts';
import { servingDatabase } from './serving-database.ts';

/** With the rows that they have used, fewer than Aurora DSQL changes in one transaction. */
const MAX_PREDICTIONS = 100;

const anonymize = erasing(manifest, [
  { table: 'deployments', key: 'id', columns: ['owner'] },
  { table: 'rollouts', key: 'id', columns: ['owner'] },
]);

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
