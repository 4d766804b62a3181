import { type Dialect, PostgresDialect } from 'kysely';
import pg from 'pg';
import { DsqlAdapter, DsqlQueryCompiler, LeasedAdapter } from './leased-migrations.ts';
import { openPool } from './postgres-pool.ts';

export interface PostgresDialectOptions {
  /** For example `postgres://user:password@host:5432/database`. */
  readonly url: string;
  /** Where tables are that are named without a schema. @default that of the database */
  readonly schema?: string | undefined;
  /** Uses only what Aurora DSQL has. @default false */
  readonly isDsql?: boolean;
  /** Replaces the password of the URL at each connection. */
  readonly password?: () => Promise<string>;
}

const MAX_CONNECTIONS = 5;
/** A server that stopped answering must not keep callers waiting. */
const QUERY_MS = 30_000;
/** Aurora DSQL ends a connection after an hour. */
const DSQL_LIFETIME_SECONDS = 3_000;
const INT8 = 20;
const NUMERIC = 1700;

/** PostgreSQL, or Aurora DSQL, with the values that SQLite returns: whole numbers and sums are numbers. */
export function postgresDialect({ url, schema, isDsql = false, password }: PostgresDialectOptions): Dialect {
  const pool = openPool({
    url,
    ...(password === undefined ? {} : { password }),
    max: MAX_CONNECTIONS,
    queryMs: QUERY_MS,
    schema,
    isDsql,
    ...(isDsql ? { maxLifetimeSeconds: DSQL_LIFETIME_SECONDS } : {}),
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
  });
  const dialect = new PostgresDialect({ pool });
  return {
    createDriver: () => dialect.createDriver(),
    createIntrospector: (database) => dialect.createIntrospector(database),
    createAdapter: () => (isDsql ? new DsqlAdapter() : new LeasedAdapter()),
    createQueryCompiler: () => (isDsql ? new DsqlQueryCompiler() : dialect.createQueryCompiler()),
  };
}

const parserOf = (type: number, format?: 'text') =>
  type === INT8 || type === NUMERIC ? Number : pg.types.getTypeParser(type, format);
