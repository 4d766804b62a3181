import type { Migrations } from '#adapters/sql/service-database.ts';
import { createTable } from '../../migration-steps.ts';

/** Never change a released step; append a new one. Aurora DSQL takes one change of the schema at a time. */
export const FEATURES: Migrations = {
  '001-entities': createTable('entities', (table) =>
    table
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('join_keys', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull()),
  ),
  '001-feature-views': createTable('feature_views', (table) =>
    table
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_by', 'text', (column) => column.notNull()),
  ),
  '001-materializations': createTable('materializations', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('view', 'text', (column) => column.notNull())
      .addColumn('view_version', 'integer', (column) => column.notNull())
      .addColumn('dataset_version', 'integer', (column) => column.notNull())
      .addColumn('rows', 'bigint', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull()),
  ),
  '001-training-sets': createTable('training_sets', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('hash', 'text', (column) => column.notNull())
      .addColumn('rows', 'bigint', (column) => column.notNull())
      .addColumn('document', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull()),
  ),
  '001-online-values': createTable('online_values', (table) =>
    table
      .addColumn('view', 'text', (column) => column.notNull())
      .addColumn('entity_key', 'text', (column) => column.notNull())
      .addColumn('features', 'text', (column) => column.notNull())
      .addColumn('event_at', 'bigint', (column) => column.notNull())
      .addColumn('known_at', 'bigint', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('online_values_of_views', ['view', 'entity_key']),
  ),
};
