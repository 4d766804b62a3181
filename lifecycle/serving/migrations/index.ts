import type { Migrations } from '#adapters/sql/service-database.ts';
import { createIndex, createTable } from '../../migration-steps.ts';

/** Numbered steps. Never change a released one; append a new one. */
export const migrations: Migrations = {
  '001-deployments': createTable('deployments', (table) =>
    table
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('number', 'integer', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('artifact', 'text', (column) => column.notNull())
      .addColumn('previous', 'text', (column) => column.notNull())
      .addColumn('reasons', 'text', (column) => column.notNull())
      .addColumn('comparison', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('deployments_key', ['model', 'number'] as never),
  ),
  '002-predictions': createTable('predictions', (table) =>
    table
      .addColumn('task_id', 'text', (column) => column.primaryKey())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('entity', 'text', (column) => column.notNull())
      .addColumn('entity_id', 'text', (column) => column.notNull())
      .addColumn('features', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull()),
  ),
  '003-predictions-by-entity': createIndex('predictions_by_entity', 'predictions', [
    'entity',
    'entity_id',
    'created_at',
  ]),
  '004-rollouts': createTable('rollouts', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('number', 'integer', (column) => column.notNull())
      .addColumn('strategy', 'text', (column) => column.notNull())
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('artifact', 'text', (column) => column.notNull())
      .addColumn('champion', 'text', (column) => column.notNull())
      .addColumn('champion_artifact', 'text', (column) => column.notNull())
      .addColumn('share', 'text', (column) => column.notNull())
      .addColumn('routing_key', 'text', (column) => column.notNull())
      .addColumn('rule', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('reasons', 'text', (column) => column.notNull())
      .addColumn('tallies', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('until', 'bigint', (column) => column.notNull())
      .addColumn('ended_at', 'bigint'),
  ),
  '005-rollouts-by-model': createIndex('rollouts_by_model', 'rollouts', ['model', 'number']),
  '006-used-rows': createTable('used_rows', (table) =>
    table
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('line', 'bigint', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('task_id', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('used_rows_key', ['dataset', 'version', 'line', 'created_at', 'task_id'] as never),
  ),
};
