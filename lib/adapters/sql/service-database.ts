import { type Dialect, Kysely, type Transaction } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { inBatches, unavailable } from '#core';
import { isConflict, withRetries } from './conflicts.ts';
import { translated } from './errors.ts';
import { tellingWhenAway } from './reachable.ts';

/** Numbered steps in order, each applied once. Steps may be repeated after a crash, so they use `ifNotExists`. */
export type Migrations = Readonly<Record<string, Migration>>;

/** Databases limit the parameters of a statement, and Aurora DSQL the rows of a transaction. */
const MAX_ROWS_AT_ONCE = 500;

/**
 * The database of one service of the lifecycle. Times are Unix milliseconds in `bigint` columns and JSON is text, so
 * that SQLite, PostgreSQL and Aurora DSQL return the same values.
 */
export interface ServiceDatabase<Tables> {
  readonly query: Kysely<Tables>;
  /** Runs in one transaction. May run more than once, so it must have no other effects. */
  transaction<T>(run: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface ServiceDatabaseOptions {
  readonly dialect: Dialect;
  readonly migrations: Migrations;
  /** For messages: `The database of ingestion cannot be reached.` */
  readonly name: string;
}

/**
 * Opens the database of a service and applies missing migrations. Processes that start together wait for each other,
 * and one of them migrates. Rejects with `store_unavailable`.
 */
export async function openServiceDatabase<Tables>({
  dialect,
  migrations,
  name,
}: ServiceDatabaseOptions): Promise<ServiceDatabase<Tables>> {
  const away = `The database of ${name} cannot be reached.`;
  const query = new Kysely<Tables>({ dialect: tellingWhenAway(dialect, away) });
  try {
    await translated(away, () => withRetries(() => migrate(query, migrations)));
  } catch (error) {
    await query.destroy();
    throw error;
  }
  return {
    query,
    transaction: (run) => contended(away, () => withRetries(() => query.transaction().execute(run))),
    close: () => query.destroy(),
  };
}

/** Other transactions came first in every try. Errors of connections are translated by the dialect. */
async function contended<T>(message: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isConflict(error) ? unavailable('store_unavailable', message, error) : error;
  }
}

async function migrate<Tables>(query: Kysely<Tables>, migrations: Migrations): Promise<void> {
  const provider = { getMigrations: async () => migrations as Record<string, Migration> };
  const { error } = await new Migrator({ db: query, provider }).migrateToLatest();
  if (error) throw error;
}

/** Calls `write` with at most `MAX_ROWS_AT_ONCE` rows at a time. */
export async function writeInBatches<Row>(
  rows: readonly Row[],
  write: (batch: readonly Row[]) => Promise<unknown>,
): Promise<void> {
  for (const batch of inBatches(rows, MAX_ROWS_AT_ONCE)) await write(batch);
}
