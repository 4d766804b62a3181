import type { Kysely } from 'kysely';
import type { Migrations } from '#adapters/sql/service-database.ts';

const creating = (database: Kysely<unknown>, table: string) => database.schema.createTable(table).ifNotExists();

/** Numbered steps. Never change a released one; append a new one. */
export const migrations: Migrations = {
  '001-deployments': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'deployments')
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
        .addPrimaryKeyConstraint('deployments_key', ['model', 'number'] as never)
        .execute();
    },
  },
  '002-predictions': {
    async up(database: Kysely<unknown>) {
      await creating(database, 'predictions')
        .addColumn('task_id', 'text', (column) => column.primaryKey())
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('entity', 'text', (column) => column.notNull())
        .addColumn('entity_id', 'text', (column) => column.notNull())
        .addColumn('features', 'text', (column) => column.notNull())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '003-predictions-by-entity': {
    async up(database: Kysely<unknown>) {
      const index = database.schema.createIndex('predictions_by_entity').ifNotExists();
      await index.on('predictions').columns(['entity', 'entity_id', 'created_at']).execute();
    },
  },
};
