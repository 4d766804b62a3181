import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import pg from 'pg';

interface PoolOptions extends Pick<pg.PoolConfig, 'password' | 'types' | 'maxLifetimeSeconds'> {
  readonly url: string;
  readonly max: number;
  /** A query that takes longer is given up. */
  readonly queryMs: number;
  /** Where tables are that are named without a schema. @default that of the database */
  readonly schema?: string | undefined;
  /** Aurora DSQL has no locks to wait for, and no setting for how long. @default false */
  readonly isDsql?: boolean;
  /** Receives the error of a connection that was lost while nobody used it. */
  readonly onLost?: (error: Error) => void;
}

const CONNECT_MS = 5_000;
/** For the answer of the server that it has given up. */
const ANSWER_MS = 1_000;
/** The driver has no code for it. */
const UNANSWERED = 'Query read timeout';

/**
 * Connections to PostgreSQL, for Kysely. A connection whose server does not answer is closed, because no later query on
 * it would be answered.
 */
export function openPool({ url, queryMs, schema, isDsql = false, onLost, ...options }: PoolOptions): PostgresPool {
  const settings = [
    ...(schema === undefined ? [] : [`SET search_path TO "${schema}"`]),
    // Otherwise, a statement that was given up here would go on waiting for its locks, and take effect later.
    ...(isDsql ? [] : [`SET statement_timeout = ${queryMs}`]),
  ];
  const pool = new pg.Pool({
    ...options,
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: queryMs + ANSWER_MS,
    application_name: 'modelyard',
    ...(settings.length === 0 ? {} : { onConnect: (client) => client.query(settings.join(';')) }),
  });
  // The pool opens another connection.
  pool.on('error', (error) => onLost?.(error));
  // The query in progress rejects; without a listener, the event would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    options: pool.options,
    connect: async () => leased(await pool.connect()),
    end: () => pool.end(),
  };
}

/** A connection until its release. */
function leased(client: pg.PoolClient): PostgresPoolClient {
  let lost: unknown;
  async function query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    if (lost !== undefined) throw lost;
    try {
      return (await client.query(sql, [...parameters])) as unknown as PostgresQueryResult<R>;
    } catch (error) {
      if (error instanceof Error && error.message === UNANSWERED) lost = error;
      throw error;
    }
  }
  return {
    query: query as PostgresPoolClient['query'],
    release: (isDiscarded = false) => client.release(isDiscarded || lost !== undefined),
  };
}
