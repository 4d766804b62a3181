import { type Kysely, sql } from 'kysely';
import type { Migrations } from '#adapters/sql/service-database.ts';

const creating = (database: Kysely<unknown>, table: string) => database.schema.createTable(table).ifNotExists();

/** Numbered steps. Never change a released one; append a new one. */
export const migrations: Migrations = {
  '001-experiments': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'experiments')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .addColumn('artifact_location', 'text', (column) => column.notNull())
        .addColumn('lifecycle_stage', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '002-runs': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'runs')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('experiment_id', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('start_time', 'bigint', (column) => column.notNull())
        .addColumn('end_time', 'bigint')
        .addColumn('lifecycle_stage', 'text', (column) => column.notNull())
        .addColumn('inputs', 'text', (column) => column.notNull())
        .addColumn('outputs', 'text', (column) => column.notNull())
        .execute();
    },
  },
  '003-runs-by-experiment': {
    async up(database: Kysely<unknown>) {
      const index = database.schema.createIndex('runs_by_experiment').ifNotExists();
      await index.on('runs').columns(['experiment_id', 'start_time']).execute();
    },
  },
  '004-params': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'params')
        .addColumn('run_id', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('params_key', ['run_id', 'key'])
        .execute();
    },
  },
  '005-metrics': {
    up: (database: Kysely<unknown>) =>
      metrics(database, 'metrics', ['run_id', 'key', 'step', 'timestamp', 'is_nan', 'value']),
  },
  '006-latest-metrics': {
    up: (database: Kysely<unknown>) => metrics(database, 'latest_metrics', ['run_id', 'key']),
  },
  '007-tags': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'tags')
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('tags_key', ['kind', 'owner', 'key'])
        .execute();
    },
  },
  '008-registered-models': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'registered_models')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('description', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '009-model-versions': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'model_versions')
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
        .addPrimaryKeyConstraint('model_versions_key', ['model', 'version'])
        .execute();
    },
  },
  '010-aliases': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'aliases')
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('alias', 'text', (column) => column.notNull())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('aliases_key', ['model', 'alias'])
        .execute();
    },
  },
  '011-logged-models': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'logged_models')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('experiment_id', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('source_run_id', 'text', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('model_type', 'text', (column) => column.notNull())
        .addColumn('params', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '012-files': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'files')
        .addColumn('path', 'text', (column) => column.primaryKey())
        .addColumn('sha256', 'text', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '013-default-experiment': {
    async up(database: Kysely<unknown>) {
      // Clients log to this experiment unless they name another one.
      await sql`insert into experiments (id, name, artifact_location, lifecycle_stage, created_at, updated_at)
        values ('0', 'Default', 'mlflow-artifacts:/0', 'active', 0, 0) on conflict do nothing`.execute(database);
    },
  },
};

async function metrics(database: Kysely<unknown>, table: string, key: string[]): Promise<void> {
  await creating(database, table)
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('value', 'double precision', (column) => column.notNull())
    .addColumn('is_nan', 'integer', (column) => column.notNull())
    .addColumn('timestamp', 'bigint', (column) => column.notNull())
    .addColumn('step', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint(`${table}_key`, key as never)
    .execute();
}
