import type { Migrations } from '#adapters/sql/service-database.ts';
import { createIndex, createTable } from '../../migration-steps.ts';

/** Numbered steps. Never change a released one; append a new one. */
export const migrations: Migrations = {
  '001-pipelines': createTable('pipelines', (table) =>
    table
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull()),
  ),
  '002-runs': createTable('runs', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('pipeline', 'text', (column) => column.notNull())
      .addColumn('logical_date', 'text', (column) => column.notNull())
      .addColumn('cause', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('document', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('version', 'bigint', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull()),
  ),
  '003-runs-by-pipeline': createIndex('runs_by_pipeline', 'runs', ['pipeline', 'created_at']),
  '004-results': createTable('results', (table) =>
    table
      .addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('stage', 'text', (column) => column.notNull())
      .addColumn('output', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull()),
  ),
  '005-log-lines': createTable('log_lines', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('stage', 'text', (column) => column.notNull())
      .addColumn('text', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull()),
  ),
  '006-log-lines-by-run': createIndex('log_lines_by_run', 'log_lines', ['run_id', 'at']),
};
