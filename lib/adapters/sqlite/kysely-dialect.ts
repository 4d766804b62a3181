import type { SQLInputValue } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database } from './database/database.ts';
import { translated } from './errors.ts';

/** A query builder on the database. Its writes join shared transactions, so it cannot begin its own. */
export function createKysely<Tables>(database: Database): Kysely<Tables> {
  const connection = new GroupedConnection(database);
  const dialect: Dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => createDriver(connection),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  return new Kysely<Tables>({ dialect });
}

/** The connection is opened and closed with the platform. */
function createDriver(connection: DatabaseConnection): Driver {
  const nothing = async () => undefined;
  return {
    init: nothing,
    acquireConnection: async () => connection,
    releaseConnection: nothing,
    beginTransaction: noTransactions,
    commitTransaction: noTransactions,
    rollbackTransaction: noTransactions,
    destroy: nothing,
  };
}

async function noTransactions(): Promise<never> {
  throw new Error('Transactions are not supported: all writes share transactions.');
}

class GroupedConnection implements DatabaseConnection {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  executeQuery<Row>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<Row>> {
    const values = parameters as readonly SQLInputValue[];
    const execution = SelectQueryNode.is(query)
      ? this.#database.read(() => ({ rows: this.#database.all<Row>(sql, ...values) }))
      : this.#database.write(() => ({ rows: [], numAffectedRows: BigInt(this.#database.run(sql, ...values)) }));
    return translated('store_unavailable', execution);
  }

  // biome-ignore lint/correctness/useYield: part of the interface, and not supported.
  async *streamQuery(): AsyncGenerator<never> {
    throw new Error('Streaming is not supported.');
  }
}
