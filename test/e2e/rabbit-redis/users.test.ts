import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres } from '#adapters/sql/postgres.ts';
import { systemClock } from '#platform/platform.ts';
import { eraseUserContract } from '#test/contracts/erase-user.contract.ts';
import { everyRouteContract } from '#test/contracts/every-route.contract.ts';
import { startGateway } from '#test/gateway/access-harness.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { runExistingClient } from '#test/support/existing-client.ts';
import { addCallers, findLeaks, ISOLATION_TIMEOUT_MS } from '#test/support/isolation.ts';
import { registerModelB } from '#test/support/model-b.ts';
import { findPostgres, type PostgresServer, startPostgres } from '#test/support/postgres-server.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { processesOn, urlOf } from '#test/support/rabbit-redis-processes.ts';

const SUITE = 'Users on RabbitMQ + Redis and PostgreSQL';
const brokers = findBrokers(SUITE);
const binaries = await findPostgres(SUITE);
const ANN = { username: 'ann', password: 'a sentence of hers' };

if (!brokers || !binaries) describe(SUITE, () => it.todo('run where the servers are installed'));
else {
  const servers = useRabbitRedis(brokers);
  let postgres: PostgresServer;
  let folder: string;

  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres(binaries), mkdtemp(join(tmpdir(), 'modelyard-keys-'))]);
  }, 60_000);

  afterAll(async () => {
    await postgres?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const openPlatform = async () => {
    const platform = servers.open({ prefix: aPrefix(), databaseUrl: postgres.url });
    await platform.connect();
    return platform;
  };

  eraseUserContract('rabbit-redis', openPlatform);
  everyRouteContract('rabbit-redis', async () => {
    const gateway = await startGateway({ platform: await openPlatform() });
    await registerModelB(gateway.platform);
    return gateway;
  });

  const withUsers = () => ({
    AUTH: 'jwt',
    DATABASE_URL: postgres.url,
    MODELYARD_KEYS_FILE: join(folder, 'signing-keys.json'),
  });

  async function send(url: string, path: string, { body, token }: { body?: unknown; token?: string } = {}) {
    const response = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  describe(SUITE, { timeout: 120_000 }, () => {
    it('serve a client that registers, logs in, submits and polls for the result', async () => {
      const processes = processesOn(servers, aPrefix());
      await using instance = processes.instance('model_a');
      await using gateway = processes.gateway(withUsers());
      await instance.untilReady();

      const token = await runExistingClient(await urlOf(gateway), 'ann');

      expect(token).not.toBe('');
    });

    it('register, log in, predict and read their result; a key works after a restart of the gateway', async () => {
      const processes = processesOn(servers, aPrefix());
      await using instance = processes.instance('model_a');
      await instance.untilReady();
      let token: string;
      let key: string;
      {
        await using gateway = processes.gateway(withUsers());
        const url = await urlOf(gateway);
        const refused = await send(url, '/predict/model_a', { body: { data: 'x' } });
        const registered = await send(url, '/register', { body: ANN });
        const login = await send(url, '/login', { body: ANN });
        token = String(login.body.access_token);
        const task = await send(url, '/models/model_a/tasks', { body: { data: 'hers' }, token });
        const made = await send(url, '/users/me/keys', { body: { name: 'program' }, token });
        key = String(made.body.key);

        expect([refused.status, registered.status, login.status, task.status, made.status]).toEqual([
          401, 201, 200, 202, 201,
        ]);
        await expect
          .poll(() => send(url, `/tasks/${task.body.id}`, { token }), { timeout: 60_000 })
          .toMatchObject({ status: 200, body: { state: 'succeeded' } });
        expect(await send(url, `/models/model_a/result?task_id=${task.body.id}`, { token })).toMatchObject({
          status: 200,
        });
      }
      await using again = processes.gateway(withUsers());
      const url = await urlOf(again);

      expect(await send(url, '/users/me', { token: key })).toMatchObject({ status: 200, body: { username: 'ann' } });
      expect(await send(url, '/users/me', { token })).toMatchObject({ status: 200 });
    });

    it('show a hundred users who call at once nothing of each other', { timeout: ISOLATION_TIMEOUT_MS }, async () => {
      const prefix = aPrefix();
      const processes = processesOn(servers, prefix);
      await using instance = processes.instance('model_a');
      await using gateway = processes.gateway(withUsers());
      await instance.untilReady();
      const url = await urlOf(gateway);
      const database = openPostgres({ url: postgres.url, schema: prefix, clock: systemClock });
      const callers = await addCallers(database.users);
      await database.close();

      expect((await findLeaks(url, callers)).leaks).toEqual([]);
    });

    it('are needed to start with AUTH=jwt: without a database, one sentence says what to set', async () => {
      const { DATABASE_URL: _, ...environment } = withUsers();
      await using gateway = processesOn(servers, aPrefix()).gateway(environment);

      expect(await gateway.exited).toBe(1);
      expect(gateway.lines.join('\n')).toContain('Users and calls need PostgreSQL: set DATABASE_URL.');
    });
  });
}
