import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres, type Postgres } from '#adapters/sql/postgres.ts';
import { CALL_RETENTION_MS } from '#core';
import { systemClock } from '#platform/platform.ts';
import { callLogContract } from '#test/contracts/call-log.contract.ts';
import { usageStoreContract } from '#test/contracts/usage-store.contract.ts';
import { userStoreContract } from '#test/contracts/user-store.contract.ts';
import { aCall } from '#test/support/calls.ts';
import { openGate } from '#test/support/gate.ts';
import { findPostgres, type PostgresServer, startPostgres } from '#test/support/postgres-server.ts';

const SUITE = 'Users and calls in PostgreSQL';
const binaries = await findPostgres(SUITE);
const PATIENCE_MS = 30_000;
const aSchema = () => `test-${randomUUID().slice(0, 13)}`;

if (!binaries) describe(SUITE, () => it.todo('runs where PostgreSQL is installed'));
else {
  let server: PostgresServer;
  const opened: { close(): Promise<unknown> }[] = [];

  beforeAll(async () => {
    server = await startPostgres(binaries);
  }, 60_000);

  afterAll(async () => {
    await Promise.all(opened.map((each) => each.close()));
    await server?.dispose();
  });

  function open(schema = aSchema(), url = server.url): Postgres {
    const postgres = openPostgres({ url, schema, clock: systemClock });
    opened.push(postgres);
    return postgres;
  }

  async function openBehindGate() {
    const gate = await openGate(server.url);
    opened.push({ close: () => gate.shut() });
    const postgres = open(aSchema(), gate.url);
    await postgres.connect(PATIENCE_MS);
    return { ...postgres, cutOff: () => gate.shut() };
  }

  userStoreContract('PostgreSQL', openBehindGate);
  callLogContract('PostgreSQL', openBehindGate);
  usageStoreContract('PostgreSQL', openBehindGate);

  describe(SUITE, () => {
    it('are migrated once when several processes start together, and keep what is there', async () => {
      const schema = aSchema();
      const together = Array.from({ length: 5 }, () => open(schema));
      await Promise.all(together.map((each) => each.connect(PATIENCE_MS)));
      const user = await together[0]?.users.create({ name: 'ann', role: 'user', passwordHash: 'h', createdAt: 1 });

      const later = open(schema);
      await later.connect(PATIENCE_MS);

      expect(await later.users.get(user?.id ?? '')).toEqual(user);
    });

    it('are kept apart by schema', async () => {
      const [one, other] = [open(), open()];
      await Promise.all([one.connect(PATIENCE_MS), other.connect(PATIENCE_MS)]);

      const user = await one.users.create({ name: 'ann', role: 'user', passwordHash: 'h', createdAt: 1 });

      expect(await other.users.get(user?.id ?? '')).toBeUndefined();
      expect(await other.users.findByName('ann')).toBeUndefined();
    });

    it('forget expired calls when others are appended', async () => {
      const schema = aSchema();
      const postgres = open(schema);
      await postgres.connect(PATIENCE_MS);
      await postgres.calls.append([aCall({ startedAt: Date.now() - CALL_RETENTION_MS - 1 })]);

      await postgres.calls.append([aCall()]);

      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      const { rows } = await client.query(`SELECT count(*)::int AS kept FROM "${schema}".calls`);
      await client.end();
      expect(rows).toEqual([{ kept: 1 }]);
    });

    it('keep nobody waiting for a user while the call log is locked, however many ask for it', async () => {
      const schema = aSchema();
      const postgres = open(schema);
      await postgres.connect(PATIENCE_MS);
      const user = await postgres.users.create({ name: 'ann', role: 'user', passwordHash: 'h', createdAt: 1 });
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await client.query(`BEGIN; LOCK TABLE "${schema}".calls IN ACCESS EXCLUSIVE MODE`);
      let answered = 0;
      const lists = Array.from({ length: 50 }, async () => {
        await postgres.calls.list({ limit: 1 });
        answered += 1;
      });

      const found = await postgres.users.get(user?.id ?? '');

      expect([found, answered]).toEqual([user, 0]);
      await client.query('ROLLBACK');
      await client.end();
      await Promise.all(lists);
    });

    it('wait for a server that starts late, and are there again after it was restarted', async () => {
      const postgres = open();
      await server.stop();
      const connecting = postgres.connect(PATIENCE_MS);
      await server.start();
      await connecting;
      const user = await postgres.users.create({ name: 'ann', role: 'user', passwordHash: 'h', createdAt: 1 });

      await server.stop();
      await expect(postgres.users.get(user?.id ?? '')).rejects.toMatchObject({ code: 'store_unavailable' });
      await server.start();

      expect(await postgres.users.get(user?.id ?? '')).toEqual(user);
    });

    it('are refused with one sentence without the password', async () => {
      const url = server.url.replace('modelyard@', 'modelyard:secret-word@').replace(/postgres$/, 'nowhere');

      const refused = await open(aSchema(), url)
        .connect(PATIENCE_MS)
        .catch((error: Error) => error.message);

      expect(refused).toMatch(/^PostgreSQL at 127\.0\.0\.1:\d+ cannot be used: .*nowhere.*\.$/);
      expect(refused).not.toContain('secret-word');
    });
  });
}
