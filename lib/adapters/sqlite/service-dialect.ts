import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type Dialect, SqliteAdapter, SqliteDialect, type SqliteStatement } from 'kysely';

/** How long a statement waits for another process. Transactions of services take milliseconds. */
const BUSY_MS = 5_000;
/** The event loop stands still meanwhile, so the caller repeats a transaction that cannot begin. */
const BEGIN_BUSY_MS = 20;

/** Kysely's own SQLite dialect on the database file of a service. Creates file and folder. */
export function sqliteServiceDialect(file: string): Dialect {
  const dialect = new SqliteDialect({
    async database() {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const connection = new DatabaseSync(file, { timeout: BUSY_MS });
      connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
      return { close: () => connection.close(), prepare: (sql) => prepare(connection, sql) };
    },
  });
  return {
    createDriver: () => dialect.createDriver(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (database) => dialect.createIntrospector(database),
    createAdapter: () => new TransactionalAdapter(),
  };
}

/** Migrates in one transaction, which other processes wait for. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function prepare(connection: DatabaseSync, sql: string): SqliteStatement {
  if (sql === 'begin') return beginning(connection);
  const statement = connection.prepare(sql);
  const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[];
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)),
  };
}

/** Takes the write lock at once: a transaction that reads first could not write after another process has. */
const beginning = (connection: DatabaseSync): SqliteStatement => ({
  reader: false,
  all: () => [],
  iterate: () => [][Symbol.iterator](),
  run() {
    connection.exec(`PRAGMA busy_timeout = ${BEGIN_BUSY_MS}`);
    try {
      connection.exec('BEGIN IMMEDIATE');
    } finally {
      connection.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    }
    return { changes: 0, lastInsertRowid: 0 };
  },
});
