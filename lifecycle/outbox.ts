import type { Transaction } from 'kysely';
import { v7 as uuidV7 } from 'uuid';
import type { Migrations } from '#adapters/sql/service-database.ts';
import type { EventType, JsonObject, LifecycleEvent } from '#core';
import { createIndex, createTable } from './migration-steps.ts';

/** Events of a service that are written in the transaction of the change and delivered after it. */
export interface OutboxTables {
  readonly outbox: {
    readonly id: string;
    readonly type: string;
    readonly owner: string;
    /** A JSON object. */
    readonly payload: string;
    /** Unix milliseconds. */
    readonly created_at: number;
    readonly sent_at: number | null;
  };
}

export const OUTBOX_MIGRATIONS: Migrations = {
  '000-outbox': createTable('outbox', (table) =>
    table
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('payload', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('sent_at', 'bigint'),
  ),
  '000-outbox-index': createIndex('outbox_unsent', 'outbox', ['sent_at', 'created_at']),
};

interface NewEvent {
  readonly type: EventType;
  readonly owner: string;
  readonly payload: JsonObject;
  /** Unix milliseconds. */
  readonly at: number;
}

/** Adds an event in the transaction of its change. `relayEvents` delivers it afterwards. */
export async function addEvent<Tables extends OutboxTables>(
  transaction: Transaction<Tables>,
  { type, owner, payload, at }: NewEvent,
): Promise<void> {
  const outbox = transaction as unknown as Transaction<OutboxTables>;
  const row = { id: uuidV7(), type, owner, payload: JSON.stringify(payload), created_at: at, sent_at: null };
  await outbox.insertInto('outbox').values(row).execute();
}

/** The event of a row. */
export const toEvent = ({ id, type, owner, payload, created_at }: OutboxTables['outbox']): LifecycleEvent => ({
  ...{ id, type: type as EventType, owner, payload: JSON.parse(payload) as JsonObject, createdAt: created_at },
});
