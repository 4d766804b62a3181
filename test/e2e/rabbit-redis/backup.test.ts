import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BundledProcess } from '#test/containers/bundled-process.ts';
import { services as composed } from '#test/containers/compose-file.ts';
import { blocks, readPage } from '#test/docs/pages.ts';
import type { TaskBody } from '#test/support/api-client.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { runDocumented, type Service } from '#test/support/documented-commands.ts';
import { findPostgres, type PostgresServer, startPostgres } from '#test/support/postgres-server.ts';
import { aPrefix, useOwnRabbitRedis } from '#test/support/rabbit-redis.ts';
import { processesOn, urlOf } from '#test/support/rabbit-redis-processes.ts';

const SUITE = 'A backup of RabbitMQ, Redis and PostgreSQL by the commands of docs/backup.md';
const brokers = findBrokers(SUITE);
const postgresBinaries = await findPostgres(SUITE);
const [BACKUP = '', RESTORE = ''] = blocks(readPage('docs/backup.md').text, 'bash');
const ANN = { username: 'ann', password: 'a sentence of hers' };
const BOB = { username: 'bob', password: 'a sentence of his' };
const WAITING = Array.from({ length: 20 }, (_, at) => `waiting-${at}`);
const PATIENCE = { timeout: 60_000, interval: 200 };

describe('the commands of docs/backup.md', () => {
  it('copy whole volumes, and put each back to its place', () => {
    const [copied, restored] = [BACKUP, RESTORE].map((block) =>
      [...block.matchAll(/cp (?:- )?(\w+):(\S+)/g)].map(([, service = '', path = '']) => [service, path] as const),
    );

    expect(copied?.map(([service]) => service).toSorted()).toEqual(['gateway', 'rabbitmq', 'redis']);
    // What a volume contains: the rest of a container may be read-only.
    expect(copied).toEqual(restored?.map(([service, path]) => [service, `${path}/.`]));
    for (const [service, path] of restored ?? []) {
      expect(composed[service]?.volumes?.map(String), service).toContainEqual(expect.stringMatching(`:${path}$`));
    }
  });
});

if (!brokers || !postgresBinaries) describe(SUITE, () => it.todo('runs where the servers are installed'));
else {
  const servers = useOwnRabbitRedis(brokers);
  const prefix = aPrefix();
  let folder: string;
  let postgres: PostgresServer;
  let gateway: BundledProcess | undefined;
  let instances: Readonly<Record<'model_a' | 'model_b', BundledProcess>> | undefined;
  let services: Readonly<Record<string, Service>>;
  let url = '';

  /** An empty server with the database of compose.yaml. */
  async function openDatabase(): Promise<void> {
    postgres = await startPostgres(postgresBinaries as NonNullable<typeof postgresBinaries>);
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query('CREATE DATABASE modelyard');
    await client.end();
  }

  const database = () => new URL('/modelyard', postgres.url);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'modelyard-backup-'));
    const keys = join(folder, 'keys');
    await mkdir(keys);
    await openDatabase();
    const erase = async (data: string) => {
      await rm(data, { recursive: true, force: true });
      await mkdir(data);
    };
    let isPostgresUp = true;
    const broker = (name: 'rabbitmq' | 'redis'): Service => {
      let isUp = true;
      return {
        data: servers[name].data,
        async start() {
          if (!isUp) await servers[name].start();
          isUp = true;
        },
        async stop() {
          await servers[name].stop();
          isUp = false;
        },
        async destroy() {
          if (isUp) await servers[name].kill();
          isUp = false;
          await erase(servers[name].data);
        },
      };
    };
    services = {
      rabbitmq: broker('rabbitmq'),
      redis: broker('redis'),
      postgres: {
        get environment() {
          return { PGHOST: database().hostname, PGPORT: database().port };
        },
        async start() {
          if (!isPostgresUp) await openDatabase();
          isPostgresUp = true;
        },
        stop: () => postgres.stop(),
        async destroy() {
          await postgres.dispose();
          isPostgresUp = false;
        },
      },
      gateway: {
        data: keys,
        async start() {
          const processes = processesOn(servers, prefix);
          const access = { AUTH: 'jwt', DATABASE_URL: database().href };
          gateway = processes.gateway({ ...access, MODELYARD_KEYS_FILE: join(keys, 'signing-keys.json') });
          instances = { model_a: processes.instance('model_a'), model_b: processes.instance('model_b') };
          [url] = await Promise.all([urlOf(gateway), ...Object.values(instances).map((each) => each.untilReady())]);
        },
        stop: endProcesses,
        async destroy() {
          await endProcesses();
          await erase(keys);
        },
      },
    };
    await services.gateway?.start();
  }, 120_000);

  async function endProcesses(): Promise<void> {
    for (const started of [gateway, ...Object.values(instances ?? {})]) await started?.[Symbol.asyncDispose]();
  }

  afterAll(async () => {
    await endProcesses();
    await postgres?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  async function ask(path: string, { token, body, key }: { token?: string; body?: unknown; key?: string } = {}) {
    const response = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, string> & TaskBody };
  }

  /** A busy gateway refuses early. */
  async function untilServed(call: () => ReturnType<typeof ask>): ReturnType<typeof ask> {
    for (;;) {
      const answer = await call();
      if (answer.status !== 429) return answer;
      await sleep(100);
    }
  }

  const submit = (token: string, value: number) =>
    untilServed(() => ask('/models/model_b/tasks', { token, body: { value }, key: `${value}` }));
  const submitWaiting = (token: string, data: string) =>
    untilServed(() => ask('/models/model_a/tasks', { token, body: { data }, key: data }));

  /** Submits until the signal aborts. Resolves with the ids of what was accepted, in order, and all other statuses. */
  async function load(token: string, signal: AbortSignal) {
    const accepted: string[] = [];
    const others = new Set<number>();
    for (let value = 1000; !signal.aborted; value++) {
      const { status, body } = await submit(token, value);
      if (status === 202) accepted.push(body.id);
      else others.add(status);
      await sleep(50);
    }
    return { accepted, others };
  }

  const restore = (commands: string) => runDocumented(commands, { services, folder });

  describe(SUITE, { timeout: 300_000 }, () => {
    let key = '';
    const waiting: string[] = [];

    it('has everything that was accepted before it, and nothing of what came later', async () => {
      await ask('/register', { body: ANN });
      const { access_token: token = '' } = (await ask('/login', { body: ANN })).body;
      key = (await ask('/users/me/keys', { token, body: { name: 'program' } })).body.key ?? '';
      const over = new AbortController();
      const loaded = load(token, over.signal);
      const done = await submit(token, 1);
      await vi.waitFor(async () => {
        expect((await ask(`/tasks/${done.body.id}`, { token })).body.state).toBe('succeeded');
      }, PATIENCE);
      await instances?.model_a.stop();
      for (const data of WAITING) {
        const { status, body } = await submitWaiting(token, data);
        expect([status, body.title]).toEqual([202, undefined]);
        waiting.push(body.id);
      }

      await runDocumented(BACKUP, { services, folder });
      await vi.waitFor(async () => expect((await submit(token, 500)).status).toBe(202), PATIENCE);
      const late = await submit(token, 501);
      await ask('/register', { body: BOB });
      over.abort();
      const { accepted, others } = await loaded;
      await restore(RESTORE);

      expect([...others]).toEqual([503]);
      expect((await ask('/login', { body: ANN })).status).toBe(200);
      expect((await ask('/login', { body: BOB })).status).toBe(401);
      expect((await ask('/users/me', { token })).body.username).toBe('ann');
      expect((await ask('/users/me', { token: key })).body.username).toBe('ann');
      expect((await ask(`/tasks/${late.body.id}`, { token: key })).status).toBe(404);
      expect((await ask(`/tasks/${done.body.id}`, { token: key })).body).toMatchObject({ result: { value: 1 } });
      await vi.waitFor(async () => {
        const tasks = await Promise.all(waiting.map(async (id) => (await ask(`/tasks/${id}`, { token: key })).body));
        expect(tasks.map(({ state, result }) => [state, result])).toEqual(
          WAITING.map((data) => ['succeeded', { message: `Processed message: ${data}` }]),
        );
      }, PATIENCE);
      const kept: number[] = [];
      for (const id of accepted) kept.push((await untilServed(() => ask(`/tasks/${id}`, { token: key }))).status);
      const lost = kept.indexOf(404);
      // In the order of their submits: a first part is there, the rest is not.
      expect(lost).toBeGreaterThan(0);
      expect(new Set(kept.slice(lost))).toEqual(new Set([404]));
    });

    it('without RabbitMQ has the tasks, and a repeated submit queues those that waited', async () => {
      const lines = RESTORE.split('\n').filter((line) => !line.includes('rabbitmq.tar'));
      const [id = ''] = waiting.slice(-1);

      await restore(lines.join('\n'));
      const before = await ask(`/tasks/${id}`, { token: key });
      const repeated = await submitWaiting(key, WAITING.at(-1) ?? '');

      expect([lines.length, before.body.state]).toEqual([RESTORE.split('\n').length - 1, 'queued']);
      expect([repeated.status, repeated.body.id]).toEqual([202, id]);
      await vi.waitFor(async () => {
        expect((await ask(`/tasks/${id}`, { token: key })).body.state).toBe('succeeded');
      }, PATIENCE);
    });
  });
}
