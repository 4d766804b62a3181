import { type Kysely, sql } from 'kysely';
import type { Migrations } from '#adapters/sql/service-database.ts';
import { createIndex, createTable } from '../../migration-steps.ts';

/** Numbered steps. Never change a released one; append a new one. */
export const migrations: Migrations = {
  '001-experiments': createTable('experiments', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .addColumn('artifact_location', 'text', (column) => column.notNull())
      .addColumn('lifecycle_stage', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull()),
  ),
  '002-runs': createTable('runs', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('experiment_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('start_time', 'bigint', (column) => column.notNull())
      .addColumn('end_time', 'bigint')
      .addColumn('lifecycle_stage', 'text', (column) => column.notNull())
      .addColumn('inputs', 'text', (column) => column.notNull())
      .addColumn('outputs', 'text', (column) => column.notNull()),
  ),
  '003-runs-by-experiment': createIndex('runs_by_experiment', 'runs', ['experiment_id', 'start_time']),
  '004-params': createTable('params', (table) =>
    table
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('params_key', ['run_id', 'key']),
  ),
  '005-metrics': metrics('metrics', ['run_id', 'key', 'step', 'timestamp', 'is_nan', 'value']),
  '006-latest-metrics': metrics('latest_metrics', ['run_id', 'key']),
  '007-tags': createTable('tags', (table) =>
    table
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('tags_key', ['kind', 'owner', 'key']),
  ),
  '008-registered-models': createTable('registered_models', (table) =>
    table
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull()),
  ),
  '009-model-versions': createTable('model_versions', (table) =>
    table
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('model_id', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('stage', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('model_versions_key', ['model', 'version']),
  ),
  '010-aliases': createTable('aliases', (table) =>
    table
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('alias', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('aliases_key', ['model', 'alias']),
  ),
  '011-logged-models': createTable('logged_models', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('experiment_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('source_run_id', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('model_type', 'text', (column) => column.notNull())
      .addColumn('params', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull()),
  ),
  '012-files': createTable('files', (table) =>
    table
      .addColumn('path', 'text', (column) => column.primaryKey())
      .addColumn('sha256', 'text', (column) => column.notNull())
      .addColumn('bytes', 'bigint', (column) => column.notNull()),
  ),
  '013-default-experiment': {
    async up(database: Kysely<unknown>) {
      // Clients log to this experiment unless they name another one.
      await sql`insert into experiments (id, name, artifact_location, lifecycle_stage, created_at, updated_at)
        values ('0', 'Default', 'mlflow-artifacts:/0', 'active', 0, 0) on conflict do nothing`.execute(database);
    },
  },
};

function metrics(name: string, key: string[]) {
  return createTable(name, (table) =>
    table
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('value', 'double precision', (column) => column.notNull())
      .addColumn('is_nan', 'integer', (column) => column.notNull())
      .addColumn('timestamp', 'bigint', (column) => column.notNull())
      .addColumn('step', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint(`${name}_key`, key as never),
  );
}
