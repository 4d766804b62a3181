import { Kysely, PostgresDialect, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openPool } from '#adapters/sql/postgres-pool.ts';
import { type Gate, openGate } from '#test/support/gate.ts';
import { findPostgres, type PostgresServer, startPostgres } from '#test/support/postgres-server.ts';

const SUITE = 'Connections to PostgreSQL';
const binaries = await findPostgres(SUITE);
const LOCK = 4711;

if (!binaries) describe(SUITE, () => it.todo('run where PostgreSQL is installed'));
else {
  let server: PostgresServer;
  let gate: Gate;

  beforeAll(async () => {
    server = await startPostgres(binaries);
    gate = await openGate(server.url);
  }, 60_000);

  afterAll(async () => {
    await gate?.shut();
    await server?.dispose();
  });

  /** With one connection, so that each query gets the one of the query before. */
  function open(url = server.url) {
    const pool = openPool({ url, max: 1, queryMs: 200 });
    const database = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }) });
    onTestFinished(() => database.destroy());
    return database;
  }

  const numberFrom = async (database: Kysely<Record<string, never>>) =>
    (await sql<{ found: number }>`SELECT 1 AS found`.execute(database)).rows;

  describe(SUITE, () => {
    it('are not used again after a query without an answer, also when it was one of a transaction', async () => {
      const database = open(gate.url);

      for (let round = 0; round < 2; round++) {
        await numberFrom(database);
        gate.swallow();
        const query = round === 0 ? numberFrom(database) : database.transaction().execute(numberFrom);
        await expect(query).rejects.toThrow('Query read timeout');
      }

      expect(await numberFrom(database)).toEqual([{ found: 1 }]);
    });

    it('leave no statement behind on the server that was given up', async () => {
      const [holder, other] = [open(), open()];
      await sql`SELECT pg_advisory_lock(${LOCK})`.execute(holder);

      await expect(sql`SELECT pg_advisory_lock(${LOCK})`.execute(other)).rejects.toMatchObject({ code: '57014' });

      const waiting = await sql`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`.execute(holder);
      expect(waiting.rows).toEqual([]);
      expect(await numberFrom(other)).toEqual([{ found: 1 }]);
    });
  });
}
