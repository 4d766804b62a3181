import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { type CallLog, type Clock, type ModelyardError, type UsageStore, type UserStore, unavailable } from '#core';
import { migrationsOf } from './postgres-migrations.ts';
import { openPool } from './postgres-pool.ts';
import { SqlCallLog } from './sql-call-log.ts';
import { SqlUsageStore } from './sql-usage-store.ts';
import { SqlUserStore } from './sql-user-store.ts';
import type { SqlTables } from './tables.ts';

export interface PostgresOptions {
  /** For example `postgres://user:password@host:5432/database`. */
  readonly url: string;
  /** The schema of the tables, so that several systems can share a database. Created if it does not exist. */
  readonly schema: string;
  readonly clock: Clock;
  /** How long calls are kept. @default 30 days */
  readonly callRetentionMs?: number;
  /** Receives one sentence per lost connection. */
  readonly onTrouble?: (message: string) => void;
}

/** Users and calls in a PostgreSQL database. */
export interface Postgres {
  readonly users: UserStore;
  readonly calls: CallLog;
  readonly usage: UsageStore;
  /**
   * Applies missing migrations. Processes that start together wait for each other. Rejects with one sentence when the
   * server does not answer within `patienceMs`.
   */
  connect(patienceMs: number): Promise<void>;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 10;
/** Of their own, so that a slow call log keeps nobody waiting for a user. */
const MAX_CONNECTIONS_FOR_CALLS = 4;
/** A server that stopped answering must not keep callers waiting. */
const QUERY_MS = 10_000;
const RETRY_MS = 500;
/** SQLSTATE classes of wrong credentials, an unknown database and missing permissions: waiting does not help. */
const HOPELESS = /^(28|3D|42501)/;

export function openPostgres({ url, schema, clock, callRetentionMs, onTrouble }: PostgresOptions): Postgres {
  const address = addressOf(url);
  const onLost = ({ message }: Error) =>
    onTrouble?.(`The connection to PostgreSQL at ${address} was lost: ${message}.`);
  const open = (max: number) =>
    new Kysely<SqlTables>({
      dialect: new PostgresDialect({ pool: openPool({ url, max, queryMs: QUERY_MS, onLost }) }),
    });
  const [database, databaseOfCalls] = [open(MAX_CONNECTIONS), open(MAX_CONNECTIONS_FOR_CALLS)];
  const tables = database.withSchema(schema);

  async function migrate(): Promise<void> {
    const provider = { getMigrations: async () => migrationsOf(schema) };
    const { error } = await new Migrator({ db: database, provider, migrationTableSchema: schema }).migrateToLatest();
    if (error) throw error;
  }

  return {
    users: new SqlUserStore(tables),
    calls: new SqlCallLog(databaseOfCalls.withSchema(schema), clock, callRetentionMs),
    usage: new SqlUsageStore(tables),
    async connect(patienceMs) {
      const endsAt = performance.now() + patienceMs;
      for (;;) {
        try {
          return await migrate();
        } catch (error) {
          const isHopeless = HOPELESS.test(String((error as { code?: unknown }).code ?? ''));
          if (isHopeless || performance.now() + RETRY_MS > endsAt) throw unusable(address, error);
          await sleep(RETRY_MS);
        }
      }
    },
    async close() {
      await Promise.all([database.destroy(), databaseOfCalls.destroy()]);
    },
  };
}

function unusable(address: string, error: unknown): ModelyardError {
  const reason =
    error instanceof Error && error.message !== '' ? error.message : String((error as { code?: unknown }).code);
  return unavailable('store_unavailable', `PostgreSQL at ${address} cannot be used: ${reason}.`, error);
}

/** The address without user and password. */
function addressOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || 5432}`;
}
