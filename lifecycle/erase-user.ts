import { type Kysely, type SqlBool, sql } from 'kysely';
import type { ServiceDatabase } from '#adapters/sql/service-database.ts';
import { isUserId, ModelyardError, PREDICTION_LOG_OWNER } from '#core';
import { databaseOf } from './lifecycle.ts';
import type { ServiceManifest, Stage } from './service.ts';

/** Replaces the id of a user who was deleted. */
export const DELETED_USER = 'deleted-user';

/** Text columns that may contain the id of a user. */
export interface UserColumns {
  readonly table: string;
  /** Selects the rows of one statement: Aurora DSQL limits how many it changes. */
  readonly key: string;
  readonly columns: readonly string[];
  /** A number that increases with each change: an optimistic lock. */
  readonly version?: string;
  /** Only rows with this value of the column `key`. @default all rows */
  readonly tag?: string;
}

/** How many values of the key one statement may change. */
const MAX_KEYS = 500;
const OUTBOX: UserColumns = { table: 'outbox', key: 'id', columns: ['owner', 'payload'] };

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

/**
 * Replaces a text in columns by `DELETED_USER`. `isWhole`: only where it is the whole value. Resolves with how many
 * values were changed.
 */
export async function replaceIn<Tables>(
  { query: typed }: Pick<ServiceDatabase<Tables>, 'query'>,
  { table, key, columns, version, tag }: UserColumns,
  { text, isWhole = false }: { readonly text: string; readonly isWhole?: boolean },
): Promise<number> {
  const query = typed as unknown as Kysely<Record<string, Record<string, unknown>>>;
  let changed = 0;
  for (const name of columns) {
    const column = sql.ref(name);
    const isFound = isWhole
      ? sql<SqlBool>`${column} = ${text}`
      : sql<SqlBool>`replace(${column}, ${text}, '') <> ${column}`;
    const values = {
      [name]: isWhole ? DELETED_USER : sql`replace(${column}, ${text}, ${DELETED_USER})`,
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
