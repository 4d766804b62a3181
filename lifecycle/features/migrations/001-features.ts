import type { Kysely } from 'kysely';
import type { Migrations } from '#adapters/sql/service-database.ts';

/** Never change a released step; append a new one. Aurora DSQL takes one change of the schema at a time. */
export const FEATURES: Migrations = {
  '001-entities': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .createTable('entities')
        .ifNotExists()
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('join_keys', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .execute();
    },
  },
  '001-feature-views': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .createTable('feature_views')
        .ifNotExists()
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('definition', 'text', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_by', 'text', (column) => column.notNull())
        .execute();
    },
  },
  '001-materializations': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .createTable('materializations')
        .ifNotExists()
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('view', 'text', (column) => column.notNull())
        .addColumn('view_version', 'integer', (column) => column.notNull())
        .addColumn('dataset_version', 'integer', (column) => column.notNull())
        .addColumn('rows', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .execute();
    },
  },
  '001-training-sets': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .createTable('training_sets')
        .ifNotExists()
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('hash', 'text', (column) => column.notNull())
        .addColumn('rows', 'bigint', (column) => column.notNull())
        .addColumn('document', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .execute();
    },
  },
  '001-online-values': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .createTable('online_values')
        .ifNotExists()
        .addColumn('view', 'text', (column) => column.notNull())
        .addColumn('entity_key', 'text', (column) => column.notNull())
        .addColumn('features', 'text', (column) => column.notNull())
        .addColumn('event_at', 'bigint', (column) => column.notNull())
        .addColumn('known_at', 'bigint', (column) => column.notNull())
        .addColumn('source', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('online_values_of_views', ['view', 'entity_key'])
        .execute();
    },
  },
};
