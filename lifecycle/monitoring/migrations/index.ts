import type { Migrations } from '#adapters/sql/service-database.ts';
import { createIndex, createTable } from '../../migration-steps.ts';

/** Numbered steps. Never change a released one; append a new one. */
export const migrations: Migrations = {
  '001-batches': createTable('batches', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('artifact', 'text', (column) => column.notNull())
      .addColumn('records', 'integer', (column) => column.notNull())
      .addColumn('first_at', 'bigint', (column) => column.notNull())
      .addColumn('last_at', 'bigint', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull()),
  ),
  '002-batches-by-time': createIndex('batches_by_time', 'batches', ['model', 'last_at']),
  '003-batch-windows': createTable('batch_windows', (table) =>
    table
      .addColumn('batch', 'text', (column) => column.notNull())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('start_at', 'bigint', (column) => column.notNull())
      .addColumn('records', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('batch_windows_key', ['batch', 'model', 'version', 'start_at'] as never),
  ),
  '004-batch-windows-by-window': createIndex('batch_windows_by_window', 'batch_windows', [
    'model',
    'version',
    'start_at',
  ]),
  '005-windows': createTable('windows', (table) =>
    table
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('start_at', 'bigint', (column) => column.notNull())
      .addColumn('end_at', 'bigint', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('is_shadow', 'integer', (column) => column.notNull())
      .addColumn('predictions', 'integer', (column) => column.notNull())
      .addColumn('revision', 'integer', (column) => column.notNull())
      .addColumn('computed_revision', 'integer', (column) => column.notNull())
      .addColumn('quality', 'text', (column) => column.notNull())
      .addColumn('distributions', 'text', (column) => column.notNull())
      .addColumn('performance', 'text', (column) => column.notNull())
      .addColumn('computed_at', 'bigint')
      .addPrimaryKeyConstraint('windows_key', ['model', 'version', 'start_at'] as never),
  ),
  '006-windows-by-time': createIndex('windows_by_time', 'windows', ['model', 'start_at']),
  '007-findings': createTable('findings', (table) =>
    table
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('start_at', 'bigint', (column) => column.notNull())
      .addColumn('feature', 'text', (column) => column.notNull())
      .addColumn('statistic', 'text', (column) => column.notNull())
      .addColumn('value', 'double precision', (column) => column.notNull())
      .addColumn('threshold', 'double precision', (column) => column.notNull())
      .addColumn('p_value', 'double precision')
      .addColumn('is_drifted', 'integer', (column) => column.notNull())
      .addColumn('is_reported', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('findings_key', ['model', 'version', 'start_at', 'feature'] as never),
  ),
  '008-outcomes': createTable('outcomes', (table) =>
    table
      .addColumn('task_id', 'text', (column) => column.primaryKey())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('predicted_at', 'bigint', (column) => column.notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('recorded_at', 'bigint', (column) => column.notNull()),
  ),
  '009-outcomes-by-prediction': createIndex('outcomes_by_prediction', 'outcomes', ['model', 'predicted_at']),
  '010-refusals': createTable('refusals', (table) =>
    table
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('code', 'text', (column) => column.notNull())
      .addColumn('count', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('refusals_key', ['model', 'code'] as never),
  ),
  '011-settings': createTable('settings', (table) =>
    table
      .addColumn('model', 'text', (column) => column.primaryKey())
      .addColumn('settings', 'text', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_by', 'text', (column) => column.notNull()),
  ),
  '012-reference-sets': createTable('reference_sets', (table) =>
    table
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('summary', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('reference_sets_key', ['model', 'version'] as never),
  ),
  '013-log-writers': createTable('log_writers', (table) =>
    table
      .addColumn('writer', 'text', (column) => column.primaryKey())
      .addColumn('instance', 'text', (column) => column.notNull())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('share', 'double precision', (column) => column.notNull())
      .addColumn('opened_at', 'bigint', (column) => column.notNull())
      .addColumn('seen_at', 'bigint', (column) => column.notNull())
      .addColumn('lost_since', 'bigint')
      .addColumn('state', 'text', (column) => column.notNull()),
  ),
  '014-log-writers-by-state': createIndex('log_writers_by_state', 'log_writers', ['state', 'seen_at']),
  '014-windows-by-state': createIndex('windows_by_state', 'windows', ['state', 'end_at']),
  '015-consents': createTable('consents', (table) =>
    table
      .addColumn('owner', 'text', (column) => column.primaryKey())
      .addColumn('prediction_log', 'text', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull()),
  ),
  '016-erasures': createTable('erasures', (table) =>
    table
      .addColumn('owner', 'text', (column) => column.primaryKey())
      .addColumn('before', 'bigint', (column) => column.notNull()),
  ),
  '017-consent-changes': createTable('consent_changes', (table) =>
    table
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('since', 'bigint', (column) => column.notNull())
      .addColumn('prediction_log', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('consent_changes_key', ['owner', 'since'] as never),
  ),
};
