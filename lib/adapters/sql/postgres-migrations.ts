import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Compared byte by byte on every server, whatever its locale: cursors depend on it. */
const BYTES = sql`text collate "C"`;

/**
 * Schema migrations in order, applied once per schema. Never change a released step; append a new one. Times are Unix
 * milliseconds.
 */
export const migrationsOf = (schema: string): Record<string, Migration> => ({
  '001-users-and-calls': {
    async up(database: Kysely<unknown>) {
      const tables = database.schema.withSchema(schema);
      await tables
        .createTable('users')
        .addColumn('name_key', BYTES, (column) => column.primaryKey())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('password_hash', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('account', 'text', (column) => column.notNull())
        .execute();
      await tables
        .createTable('calls')
        .addColumn('id', BYTES, (column) => column.primaryKey())
        .addColumn('owner', BYTES, (column) => column.notNull())
        .addColumn('method', 'text', (column) => column.notNull())
        .addColumn('route', 'text', (column) => column.notNull())
        .addColumn('model', 'text')
        .addColumn('task_id', 'text')
        .addColumn('status', 'integer', (column) => column.notNull())
        .addColumn('started_at', 'bigint', (column) => column.notNull())
        .addColumn('duration_ms', 'double precision', (column) => column.notNull())
        .addColumn('request_id', 'text', (column) => column.notNull())
        .execute();
      await tables.createIndex('calls_of_owner').on('calls').columns(['owner', 'started_at', 'id']).execute();
      await tables.createIndex('calls_by_age').on('calls').column('started_at').execute();
    },
  },
  '002-keys-and-sizes-of-calls': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .withSchema(schema)
        .alterTable('calls')
        .addColumn('key_id', 'text')
        .addColumn('bytes_in', 'bigint', (column) => column.notNull().defaultTo(0))
        .addColumn('bytes_out', 'bigint', (column) => column.notNull().defaultTo(0))
        .execute();
    },
  },
  '003-usage': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .withSchema(schema)
        .createTable('usage')
        .addColumn('owner', 'text', (column) => column.primaryKey())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('document', 'text', (column) => column.notNull())
        .execute();
    },
  },
});
