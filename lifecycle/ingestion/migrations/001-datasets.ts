import type { Migrations } from '#adapters/sql/service-database.ts';
import { createIndex, createTable } from '../../migration-steps.ts';

/** Never change a released step; append a new one. Aurora DSQL takes one change of the schema at a time. */
export const DATASETS: Migrations = {
  '001-datasets': createTable('datasets', (table) =>
    table
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('schema', 'text')
      .addColumn('max_bad', 'double precision', (column) => column.notNull())
      .addColumn('last_version', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull()),
  ),
  '001-versions': createTable('versions', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('number', 'integer', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('file_hash', 'text', (column) => column.notNull())
      .addColumn('file_name', 'text', (column) => column.notNull())
      .addColumn('file_size', 'bigint', (column) => column.notNull())
      .addColumn('file_format', 'text', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('parts', 'text', (column) => column.notNull())
      .addColumn('quarantine_hash', 'text')
      .addColumn('schema', 'text', (column) => column.notNull())
      .addColumn('rows', 'bigint', (column) => column.notNull())
      .addColumn('bad_rows', 'bigint', (column) => column.notNull())
      .addColumn('max_bad', 'double precision', (column) => column.notNull())
      .addColumn('task_id', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull()),
  ),
  '001-versions-of-datasets': createIndex('versions_of_datasets', 'versions', ['dataset', 'number']),
  '001-quarantine': createTable('quarantine', (table) =>
    table
      .addColumn('version_id', 'text', (column) => column.notNull())
      .addColumn('position', 'integer', (column) => column.notNull())
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('line', 'bigint', (column) => column.notNull())
      .addColumn('code', 'text', (column) => column.notNull())
      .addColumn('reason', 'text', (column) => column.notNull())
      .addColumn('text', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('quarantine_of_versions', ['version_id', 'position']),
  ),
};
