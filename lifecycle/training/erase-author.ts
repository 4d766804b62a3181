import { nameKeyOf, nameKeyOfId } from '#core';
import { erasing, replaceIn, type UserColumns } from '../erase-user.ts';
import { databaseOf } from '../lifecycle.ts';
import type { Stage } from '../service.ts';
import { manifest } from './manifest.ts';
import type { TrainingTables } from './tables.ts';

const AUTHORS: readonly UserColumns[] = [
  { table: 'runs', key: 'id', columns: ['user_id'] },
  { table: 'model_versions', key: 'model', columns: ['user_id'] },
];
const AUTHOR_TAG = 'mlflow.user';

const anonymize = erasing(manifest, [...AUTHORS, { table: 'tags', key: 'owner', columns: ['value'] }]);

/** The stage `erase`. Clients of MLflow send names: that of the deleted user is found by its hash in the id. */
export const eraseAuthor: Stage = async (lifecycle, args, run) => {
  const { changed } = await anonymize(lifecycle, args, run);
  if (!lifecycle.stores.hasDatabase(manifest.name)) return { changed };
  const database = await databaseOf<TrainingTables>(lifecycle, manifest);
  const wanted = nameKeyOfId(String(args.owner));
  let renamed = 0;
  for (const text of (await authorsOf(database)).filter((name) => nameKeyOf(name) === wanted)) {
    for (const trace of [...AUTHORS, { table: 'tags', key: 'owner', columns: ['value'], tag: AUTHOR_TAG }]) {
      renamed += await replaceIn(database, trace, { text, isWhole: true });
    }
  }
  return { changed: Number(changed) + renamed };
};

async function authorsOf({ query }: Awaited<ReturnType<typeof databaseOf<TrainingTables>>>): Promise<string[]> {
  const runs = query.selectFrom('runs').select('user_id as name');
  const versions = query.selectFrom('model_versions').select('user_id as name');
  const tags = query.selectFrom('tags').select('value as name').where('key', '=', AUTHOR_TAG);
  return (await runs.union(versions).union(tags).execute()).map(({ name }) => name);
}
