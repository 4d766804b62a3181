import type { CreateTableBuilder, Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** A step that creates a table. Aurora DSQL takes one change of the schema at a time. */
export const createTable = (
  name: string,
  describe: (table: CreateTableBuilder<string>) => { execute(): Promise<void> },
): Migration => ({
  up: (database: Kysely<unknown>) => describe(database.schema.createTable(name).ifNotExists()).execute(),
});

/** A step that creates an index. */
export const createIndex = (name: string, table: string, columns: string[]): Migration => ({
  up: (database: Kysely<unknown>) =>
    database.schema.createIndex(name).ifNotExists().on(table).columns(columns).execute(),
});
