import type { Kysely } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeServiceRole } from '#adapters/sql/dsql-roles.ts';
import { postgresDialect } from '#adapters/sql/postgres-dialect.ts';
import { openServiceDatabase } from '#adapters/sql/service-database.ts';
import { run } from '#test/lifecycle/databases.ts';
import { findDsqlProxy, startDsqlProxy } from '#test/support/dsql-proxy.ts';
import { findPostgres, type PostgresServer, startPostgres } from '#test/support/postgres-server.ts';

const SUITE = 'roles of services on Aurora DSQL';
const WORKER = 'arn:aws:iam::111122223333:role/yard-worker';
const FUNCTION = 'arn:aws:iam::111122223333:role/yard-function';
const postgres = await findPostgres(SUITE);
const python = postgres && (await findDsqlProxy(SUITE));
/** What PostgreSQL does not know: who may connect as which role. */
const GRANT = /^AWS IAM GRANT (\w+) TO '(.+)'$/;

const migrations = {
  '001-readings': {
    async up(database: Kysely<unknown>) {
      await database.schema.createTable('readings').ifNotExists().addColumn('id', 'text').execute();
      await database.schema.createIndex('readings_by_id').ifNotExists().on('readings').column('id').execute();
    },
  },
};

describe.runIf(python)('the role of a service on Aurora DSQL', () => {
  let server: PostgresServer;
  let proxy: Awaited<ReturnType<typeof startDsqlProxy>>;
  let directly: (role: string, database: string) => string;

  beforeAll(async () => {
    if (!postgres || python === undefined) return;
    server = await startPostgres(postgres);
    directly = (role, database) => server.url.replace(/\w+@/, `${role}@`).replace(/[^/]+$/, database);
    await run(server.url, [
      'CREATE ROLE postgres SUPERUSER LOGIN',
      ...['own', 'other'].map((name) => `CREATE DATABASE ${name}`),
    ]);
    for (const name of ['own', 'other']) {
      await run(directly('modelyard', name), [
        'CREATE SCHEMA sys',
        'CREATE TABLE sys.iam_pg_role_mappings (arn text, pg_role_name text)',
      ]);
    }
    proxy = await startDsqlProxy(python, Number(new URL(server.url).port));
  }, 60_000);
  afterAll(async () => {
    await proxy?.stop();
    await server?.dispose();
  });

  /** As a deployment does, by the SQL of Aurora DSQL. Resolves with who may connect. */
  async function makeRole(database: string, name: string, principals: readonly string[]) {
    const client = new pg.Client({ connectionString: `postgres://admin@127.0.0.1:${proxy.port}/${database}` });
    await client.connect();
    const statement = (text: string) =>
      text.replace(GRANT, "INSERT INTO sys.iam_pg_role_mappings (pg_role_name, arn) VALUES ('$1', '$2')");
    try {
      await makeServiceRole(async (text) => (await client.query(statement(text))).rows, { name, principals });
      const { rows } = await client.query('SELECT arn, pg_role_name FROM sys.iam_pg_role_mappings ORDER BY arn');
      return rows.map(({ arn, pg_role_name }) => `${pg_role_name} ${arn}`);
    } finally {
      await client.end();
    }
  }

  it('migrates and uses its schema, and reads no other', async () => {
    await makeRole('own', 'ingestion', [WORKER]);
    await makeRole('other', 'preprocessing', [WORKER]);
    const open = (role: string, database: string) =>
      openServiceDatabase<{ readings: { id: string } }>({
        ...{ migrations, name: role },
        dialect: postgresDialect({ url: directly(role, database), schema: role }),
      });

    const own = await open('ingestion', 'own');
    const other = await open('preprocessing', 'other');
    await own.query.insertInto('readings').values({ id: 'a' }).execute();
    const intrude = () => run(directly('ingestion', 'other'), ['SELECT * FROM preprocessing.readings']);

    expect(await own.query.selectFrom('readings').selectAll().execute()).toEqual([{ id: 'a' }]);
    await expect(intrude()).rejects.toThrow('permission denied for schema preprocessing');
    await Promise.all([own.close(), other.close()]);
  });

  it('may be made again, for more who connect', async () => {
    await makeRole('own', 'ingestion', [WORKER]);
    const allowed = await makeRole('own', 'ingestion', [FUNCTION, WORKER]);

    expect(allowed).toEqual([`ingestion ${FUNCTION}`, `ingestion ${WORKER}`]);
  });

  it.each([
    ["x'; DROP ROLE admin; --", WORKER],
    ['ingestion', "arn:aws:iam::111122223333:role/x'"],
  ])('is not made of %j for %j', async (name, principal) => {
    const statements: string[] = [];
    const noting = async (text: string) => {
      statements.push(text);
      return [];
    };

    await expect(makeServiceRole(noting, { name, principals: [principal] })).rejects.toThrow('no name of a role');

    expect(statements).toEqual([]);
  });
});
