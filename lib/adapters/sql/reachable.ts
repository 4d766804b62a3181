import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely';
import { ModelyardError, unavailable } from '#core';

/**
 * SQLSTATE classes of connections, of a server that is starting or stopping and of a statement that took too long, and
 * errors of sockets.
 */
const AWAY = /^(?:08|57P0|57014|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH)/;
/** Messages of the driver that have no code. */
const LOST =
  /^(?:Connection terminated|Query read timeout|timeout exceeded|Client has encountered a connection error|Client was closed)/;

/** A text with a zero byte, which PostgreSQL does not store. */
const ZERO_BYTE = '22021';

/** The server does not answer, and may answer later. */
function isAway(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return AWAY.test(String(code ?? '')) || LOST.test(String(message ?? ''));
}

/** The same dialect, whose queries reject with `store_unavailable` while its server does not answer. */
export function tellingWhenAway(dialect: Dialect, message: string): Dialect {
  const told = new WeakSet<DatabaseConnection>();
  const away = (error: unknown) => unavailable('store_unavailable', message, error);

  function telling(driver: Driver): Driver {
    const acquire = driver.acquireConnection.bind(driver);
    driver.acquireConnection = async (...args) => {
      let connection: DatabaseConnection;
      try {
        connection = await acquire(...args);
      } catch (error) {
        throw away(error);
      }
      if (!told.has(connection)) {
        told.add(connection);
        const execute = connection.executeQuery.bind(connection);
        connection.executeQuery = async <R>(query: CompiledQuery, ...more: unknown[]): Promise<QueryResult<R>> => {
          try {
            return await execute<R>(query, ...(more as []));
          } catch (error) {
            if (isAway(error)) throw away(error);
            const { code } = error as { readonly code?: unknown };
            if (code !== ZERO_BYTE) throw error;
            throw new ModelyardError('invalid_input', 'Texts must not contain a zero byte.', { cause: error });
          }
        };
      }
      return connection;
    };
    return driver;
  }

  return {
    createDriver: () => telling(dialect.createDriver()),
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (database) => dialect.createIntrospector(database),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}
