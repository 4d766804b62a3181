import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresDialect } from '#adapters/sql/postgres-dialect.ts';
import { openServiceDatabase } from '#adapters/sql/service-database.ts';
import { sqliteServiceDialect } from '#adapters/sqlite/service-dialect.ts';
import { monitoringDatabaseContract } from '#test/contracts/monitoring-database.contract.ts';
import { serviceDatabaseContract } from '#test/contracts/service-database.contract.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { findDsqlProxy, startDsqlProxy } from '#test/support/dsql-proxy.ts';
import { findPostgres, type PostgresServer, startPostgres } from '#test/support/postgres-server.ts';

const folders = useDataFolders();

async function newFile() {
  const file = join(await folders.newFolder(), 'service.db');
  return () => sqliteServiceDialect(file);
}

serviceDatabaseContract('SQLite', newFile);
monitoringDatabaseContract('SQLite', newFile);

const postgres = await findPostgres('databases of services on PostgreSQL');
const python = postgres && (await findDsqlProxy('databases of services on Aurora DSQL'));

describe.runIf(postgres)('on a PostgreSQL server', () => {
  let server: PostgresServer;
  let databases = 0;

  beforeAll(async () => {
    if (postgres) server = await startPostgres(postgres);
  });

  afterAll(() => server?.dispose());

  async function run(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }

  /** The URL of an empty database. */
  async function newDatabase(): Promise<string> {
    databases += 1;
    const name = `service_${databases}`;
    await run(`CREATE DATABASE ${name}`);
    return server.url.replace(/[^/]+$/, name);
  }

  const newOnServer = async () => {
    const url = await newDatabase();
    return () => postgresDialect({ url });
  };

  serviceDatabaseContract('PostgreSQL', newOnServer);
  monitoringDatabaseContract('PostgreSQL', newOnServer);

  it('refuses the role of one service in the database of another', async () => {
    const url = await newDatabase();
    const { pathname } = new URL(url);
    await run(`REVOKE CONNECT ON DATABASE ${pathname.slice(1)} FROM PUBLIC`);
    await run('CREATE ROLE another_service LOGIN');

    const opening = openServiceDatabase({
      dialect: postgresDialect({ url: url.replace('modelyard@', 'another_service@') }),
      migrations: {},
      name: 'ingestion',
    });

    await expect(opening).rejects.toMatchObject({
      code: 'store_unavailable',
      message: 'The database of ingestion cannot be reached.',
      cause: expect.objectContaining({ code: '42501' }),
    });
  });

  it('says that a text with a zero byte is invalid input', async () => {
    const url = await newDatabase();
    const database = await openServiceDatabase({
      dialect: postgresDialect({ url }),
      migrations: {},
      name: 'ingestion',
    });

    const query = sql`SELECT ${'a\0b'}::text`.execute(database.query);

    await expect(query).rejects.toMatchObject({ code: 'invalid_input', retryable: false });
    await database.close();
  });

  describe.runIf(python)('through the subset of Aurora DSQL', () => {
    let proxy: Awaited<ReturnType<typeof startDsqlProxy>>;

    beforeAll(async () => {
      await run('CREATE ROLE postgres SUPERUSER LOGIN');
      if (python) proxy = await startDsqlProxy(python, Number(new URL(server.url).port));
    });

    afterAll(() => proxy?.stop());

    const newOnProxy = async () => {
      const { pathname } = new URL(await newDatabase());
      return () => postgresDialect({ url: `postgres://admin@127.0.0.1:${proxy.port}${pathname}`, isDsql: true });
    };

    serviceDatabaseContract('Aurora DSQL', newOnProxy);
    monitoringDatabaseContract('Aurora DSQL', newOnProxy);
  });
});
