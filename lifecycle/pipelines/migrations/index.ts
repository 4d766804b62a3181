import type { Kysely } from 'kysely';
import type { Migrations } from '#adapters/sql/service-database.ts';

const creating = (database: Kysely<unknown>, table: string) => database.schema.createTable(table).ifNotExists();

/** Numbered steps. Never change a released one; append a new one. */
export const migrations: Migrations = {
  '001-pipelines': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'pipelines')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('definition', 'text', (column) => column.notNull())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '002-runs': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'runs')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('pipeline', 'text', (column) => column.notNull())
        .addColumn('logical_date', 'text', (column) => column.notNull())
        .addColumn('cause', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('document', 'text', (column) => column.notNull())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '003-runs-by-pipeline': {
    async up(database: Kysely<unknown>) {
      const index = database.schema.createIndex('runs_by_pipeline').ifNotExists();
      await index.on('runs').columns(['pipeline', 'created_at']).execute();
    },
  },
  '004-results': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'results')
        .addColumn('key', 'text', (column) => column.primaryKey())
        .addColumn('run_id', 'text', (column) => column.notNull())
        .addColumn('stage', 'text', (column) => column.notNull())
        .addColumn('output', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '005-log-lines': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'log_lines')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('run_id', 'text', (column) => column.notNull())
        .addColumn('stage', 'text', (column) => column.notNull())
        .addColumn('text', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '006-log-lines-by-run': {
    async up(database: Kysely<unknown>) {
      const index = database.schema.createIndex('log_lines_by_run').ifNotExists();
      await index.on('log_lines').columns(['run_id', 'at']).execute();
    },
  },
};
