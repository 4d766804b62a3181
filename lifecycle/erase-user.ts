import { sql } from 'kysely';
import type { ServiceDatabase } from '#adapters/sql/service-database.ts';
import { isUserId, ModelyardError, PREDICTION_LOG_OWNER } from '#core';
import { databaseOf } from './lifecycle.ts';
import type { ServiceManifest, Stage } from './service.ts';
import { names, OUTBOX, type UserColumns, type UserText, untyped } from './user-columns.ts';

/** Replaces the id of a user who was deleted. */
export const DELETED_USER = 'deleted-user';

/** How many values of the key one statement may change. */
const MAX_KEYS = 500;

/** The stage `erase` of a service: replaces the id of a deleted user in its tables. May be repeated. */
export const erasing =
  (manifest: ServiceManifest, traces: readonly UserColumns[]): Stage =>
  async (lifecycle, { owner }, run) => {
    // A pipeline of an operator must not hide who has changed what.
    if (run.owner !== PREDICTION_LOG_OWNER) throw notTheirs();
    if (typeof owner !== 'string' || !isUserId(owner)) {
      throw new ModelyardError('invalid_input', 'The erasure has no id of a user.');
    }
    // A service that was never used has nothing.
    if (!lifecycle.stores.hasDatabase(manifest.name)) return { changed: 0 };
    const database = await databaseOf<unknown>(lifecycle, manifest);
    let changed = 0;
    for (const trace of [OUTBOX, ...traces]) changed += await replaceIn(database, trace, { text: owner });
    return { changed };
  };

/** For a stage that somebody starts for another user. */
export const notTheirs = () => new ModelyardError('invalid_input', 'Only the deletion of a user starts this erasure.');

/** Replaces the user in columns by `DELETED_USER`. Resolves with how many values were changed. */
export async function replaceIn<Tables>(
  database: Pick<ServiceDatabase<Tables>, 'query'>,
  { table, key, columns, version, tag }: UserColumns,
  user: UserText,
): Promise<number> {
  const query = untyped(database);
  let changed = 0;
  for (const name of columns) {
    const isFound = names(name, user);
    const values = {
      [name]: user.isWhole ? DELETED_USER : sql`replace(${sql.ref(name)}, ${user.text}, ${DELETED_USER})`,
      ...(version === undefined ? {} : { [version]: sql`${sql.ref(version)} + 1` }),
    };
    for (;;) {
      let keys = query.selectFrom(table).select(key).distinct().where(isFound).limit(MAX_KEYS);
      let update = query.updateTable(table).set(values).where(isFound);
      if (tag !== undefined) [keys, update] = [keys.where('key', '=', tag), update.where('key', '=', tag)];
      const { numUpdatedRows } = await update.where(key, 'in', keys).executeTakeFirstOrThrow();
      changed += Number(numUpdatedRows);
      if (numUpdatedRows === 0n) break;
    }
  }
  return changed;
}
