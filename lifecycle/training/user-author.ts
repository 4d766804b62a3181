import { nameKeyOf, nameKeyOfId } from '#core';
import { erasing, replaceIn } from '../erase-user.ts';
import { exporting, rowsNaming } from '../export-user.ts';
import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import type { Stage } from '../service.ts';
import type { UserColumns, UserText } from '../user-columns.ts';
import { manifest } from './manifest.ts';
import type { TrainingTables } from './tables.ts';

const AUTHORS: readonly UserColumns[] = [
  { table: 'runs', key: 'id', columns: ['user_id'] },
  { table: 'model_versions', key: 'model', columns: ['user_id'] },
];
const TAGS: UserColumns = { table: 'tags', key: 'owner', columns: ['value'] };
const AUTHOR_TAG = 'mlflow.user';
/** Where clients of MLflow send names. */
const NAMED: readonly UserColumns[] = [...AUTHORS, { ...TAGS, tag: AUTHOR_TAG }];

const anonymize = erasing(manifest, [...AUTHORS, TAGS]);

/** The stage `erase`. */
export const eraseAuthor: Stage = async (lifecycle, args, run) => {
  const { changed } = await anonymize(lifecycle, args, run);
  if (!lifecycle.stores.hasDatabase(manifest.name)) return { changed };
  const database = await databaseOf<TrainingTables>(lifecycle, manifest);
  let renamed = 0;
  for (const name of await namesOf(lifecycle, String(args.owner))) {
    for (const trace of NAMED) renamed += await replaceIn(database, trace, name);
  }
  return { changed: Number(changed) + renamed };
};

/** The stage `export`. */
export const exportAuthor = exporting(manifest, [
  ...[...AUTHORS, TAGS].map((trace) => rowsNaming(manifest, trace)),
  ...NAMED.map((trace) => rowsNaming(manifest, trace, namesOf)),
]);

/** The names of a user in these tables. They are found by their hash in the id, also after the user was deleted. */
async function namesOf(lifecycle: Lifecycle, id: string): Promise<readonly UserText[]> {
  const wanted = nameKeyOfId(id);
  const { query } = await databaseOf<TrainingTables>(lifecycle, manifest);
  const runs = query.selectFrom('runs').select('user_id as name');
  const versions = query.selectFrom('model_versions').select('user_id as name');
  const tags = query.selectFrom('tags').select('value as name').where('key', '=', AUTHOR_TAG);
  const authors = await runs.union(versions).union(tags).execute();
  return authors.filter(({ name }) => nameKeyOf(name) === wanted).map(({ name }) => ({ text: name, isWhole: true }));
}
