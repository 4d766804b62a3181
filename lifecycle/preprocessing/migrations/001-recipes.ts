import type { Migrations } from '#adapters/sql/service-database.ts';
import { createIndex, createTable } from '../../migration-steps.ts';

/** Never change a released step; append a new one. Aurora DSQL takes one change of the schema at a time. */
export const RECIPES: Migrations = {
  '001-recipes': createTable('recipes', (table) =>
    table
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('last_output', 'integer', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_by', 'text', (column) => column.notNull()),
  ),
  '001-runs': createTable('runs', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('recipe', 'text', (column) => column.notNull())
      .addColumn('recipe_version', 'integer', (column) => column.notNull())
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('dataset_version', 'integer', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('output', 'integer')
      .addColumn('hash', 'text')
      .addColumn('rows', 'bigint', (column) => column.notNull())
      .addColumn('checks', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull()),
  ),
  '001-runs-of-recipes': createIndex('runs_of_recipes', 'runs', ['recipe', 'created_at']),
};
