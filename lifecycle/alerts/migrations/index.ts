import type { Migrations } from '#adapters/sql/service-database.ts';
import { createIndex, createTable } from '../../migration-steps.ts';

/** Numbered steps. Never change a released one; append a new one. */
export const migrations: Migrations = {
  '001-rules': createTable('rules', (table) =>
    table
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('rule', 'text', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_by', 'text', (column) => column.notNull()),
  ),
  '002-alerts': createTable('alerts', (table) =>
    table
      .addColumn('fingerprint', 'text', (column) => column.primaryKey())
      .addColumn('rule', 'text', (column) => column.notNull())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('feature', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('alert', 'text', (column) => column.notNull()),
  ),
  '003-alerts-by-state': createIndex('alerts_by_state', 'alerts', ['state', 'started_at']),
  '004-silences': createTable('silences', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('rule', 'text')
      .addColumn('model', 'text')
      .addColumn('feature', 'text')
      .addColumn('comment', 'text', (column) => column.notNull())
      .addColumn('starts_at', 'bigint', (column) => column.notNull())
      .addColumn('ends_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull()),
  ),
  '005-deliveries': createTable('deliveries', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('fingerprint', 'text', (column) => column.notNull())
      .addColumn('channel', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('body', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('due_at', 'bigint')
      .addColumn('failures', 'integer', (column) => column.notNull())
      .addColumn('attempts', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull()),
  ),
  '006-deliveries-due': createIndex('deliveries_due', 'deliveries', ['due_at']),
  '007-deliveries-of-alert': createIndex('deliveries_of_alert', 'deliveries', ['fingerprint', 'created_at']),
  '008-newest-windows': createTable('newest_windows', (table) =>
    table
      .addColumn('model', 'text', (column) => column.primaryKey())
      .addColumn('start_at', 'bigint', (column) => column.notNull())
      .addColumn('length_ms', 'bigint', (column) => column.notNull()),
  ),
};
