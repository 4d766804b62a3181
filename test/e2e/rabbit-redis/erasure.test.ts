import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_INLINE_BYTES } from '#core';
import { runUsersCommand } from '#local/users-command.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { findPostgres, type PostgresServer, startPostgres } from '#test/support/postgres-server.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { processesOn, urlOf } from '#test/support/rabbit-redis-processes.ts';
import { entriesOfPostgres, entriesOfRedis, placesOf, type StoredEntry } from '#test/support/stored-everywhere.ts';

const SUITE = 'Deleting a user on RabbitMQ + Redis and PostgreSQL';
const brokers = findBrokers(SUITE);
const binaries = await findPostgres(SUITE);
/** More than the instance has slots, so that some wait in the queue. */
const SLOW_TASKS = 10;

const PATIENCE = { timeout: 60_000, interval: 200 };

/** An empty blob in the place of one, and an address for an upload, name the id of a task until they expire. */
const isKept = ({ at, text: value }: StoredEntry) =>
  !(at.includes(':blob:') && value === '""') && !at.includes(':blob:grants/');

interface Body {
  readonly id: string;
  readonly state: string;
  readonly access_token: string;
  readonly key: string;
  readonly secret: string;
  readonly url: string;
  readonly links: { readonly submit: string };
  readonly deliveries: readonly unknown[];
  readonly completed: boolean;
}

if (!brokers || !binaries) describe(SUITE, () => it.todo('runs where the servers are installed'));
else {
  const servers = useRabbitRedis(brokers);
  const prefix = aPrefix();
  let postgres: PostgresServer;
  let folder: string;
  let url: string;

  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres(binaries), mkdtemp(join(tmpdir(), 'modelyard-erasure-'))]);
  }, 60_000);

  afterAll(async () => {
    await postgres?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  async function ask(path: string, token: string | undefined, body?: unknown, headers = {}): Promise<Body> {
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const isJson = body !== undefined && typeof body !== 'string';
    const response = await fetch(new URL(path, url), {
      method: typeof body === 'string' ? 'PUT' : isJson ? 'POST' : 'GET',
      headers: { ...authorization, ...(isJson ? { 'Content-Type': 'application/json' } : {}), ...headers },
      ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : String(body) }),
    });
    const answer = await response.text();
    expect(response.ok, `${path} ${response.status} ${answer}`).toBe(true);
    return JSON.parse(answer || '{}');
  }

  /** A user who uses everything that keeps something. Resolves with the words by which it is recognized. */
  async function aUser(name: string) {
    const mark = `of-${name}`;
    const account = { username: name, password: `a sentence of ${name}` };
    const { id } = await ask('/register', undefined, account);
    const { access_token: token } = await ask('/login', undefined, account);
    const { key } = await ask('/users/me/keys', token, { name: `program-${mark}` });
    const secret = (await ask('/users/me/webhook-secret', token)).secret;
    const hook = { 'Webhook-Url': `http://127.0.0.1:9/hook-${mark}` };

    const submit = (data: string, headers = {}) => ask('/predict/model_a', key, { data }, headers);
    const small = await submit(mark, { ...hook, 'Idempotency-Key': `key-${mark}` });
    const large = await submit(`${mark} `.repeat(MAX_INLINE_BYTES / mark.length));
    const batch = await ask('/models/model_a/batches', key, [{ data: `1 ${mark}` }, { data: `2 ${mark}` }]);
    const uploaded = JSON.stringify({ data: `uploaded ${mark} `.repeat(20_000) });
    const announced = { size: uploaded.length, sha256: createHash('sha256').update(uploaded).digest('hex') };
    const upload = await ask('/models/model_a/uploads', key, announced);
    await ask(upload.url, undefined, uploaded);
    const sent = await ask(upload.links.submit, key, {}, { Prefer: 'wait=20' });
    const slow = [];
    for (let at = 0; at < SLOW_TASKS; at++) {
      slow.push((await ask('/models/model_b/tasks', key, { value: at, delay_seconds: 120 }, hook)).id);
    }
    expect([small.state, large.state, sent.state]).toEqual(['succeeded', 'succeeded', 'succeeded']);
    await expect.poll(() => ask(`/batches/${batch.id}`, key), PATIENCE).toMatchObject({ completed: true });
    // The receiver does not answer, so that a delivery waits for its next attempt.
    await expect
      .poll(async () => (await ask(`/tasks/${small.id}/deliveries`, key)).deliveries, PATIENCE)
      .toMatchObject([{ state: 'pending', attempts: [{ status: null }] }]);
    const tasks = [small.id, large.id, sent.id, ...slow];
    return { id, key, tasks, words: [id, mark, secret, key, ...tasks, batch.id] };
  }

  const stored = async () => [...(await entriesOfRedis(servers.redis.url)), ...(await entriesOfPostgres(postgres.url))];

  async function users(...args: string[]): Promise<string> {
    const [output, errors] = [new PassThrough(), new PassThrough()];
    const environment = {
      ...{ PLATFORM: 'rabbit-redis', AMQP_URL: servers.rabbitmq.url, REDIS_URL: servers.redis.url },
      ...{ DATABASE_URL: postgres.url, MODELYARD_PREFIX: prefix },
    };
    const code = await runUsersCommand(args, { environment, output, errors, process: new EventEmitter() });
    for (const stream of [output, errors]) stream.end();
    expect([code, await text(errors)]).toEqual([0, '']);
    return text(output);
  }

  describe(SUITE, { timeout: 240_000 }, () => {
    it('exports tasks and results, and leaves nothing of the user in any store, and all of another', async () => {
      const processes = processesOn(servers, prefix);
      await using modelA = processes.instance('model_a');
      await using modelB = processes.instance('model_b');
      await using gateway = processes.gateway({
        ...{ AUTH: 'jwt', DATABASE_URL: postgres.url, MODELYARD_OUTBOUND_HOSTS: '127.0.0.1' },
        MODELYARD_KEYS_FILE: join(folder, 'signing-keys.json'),
      });
      await Promise.all([modelA.untilReady(), modelB.untilReady()]);
      url = await urlOf(gateway);
      const [ann, bob] = [await aUser('ann.example'), await aUser('bob.example')];
      // Calls are written in the background.
      await expect.poll(async () => placesOf(await stored(), [ann.id]).some((at) => at.includes('calls'))).toBe(true);
      const his = placesOf(await stored(), bob.words);
      expect(placesOf(await stored(), ann.words).length).toBeGreaterThan(40);
      const file = join(folder, 'ann.jsonl');

      await users('delete', 'ann.example', '--export', file);

      const exported = (await readFile(file, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const kinds = Object.groupBy(exported, (line) => Object.keys(line).join());
      expect(kinds).toMatchObject({
        user: [{ user: { id: ann.id } }],
        key: [{ key: { name: 'program-of-ann.example' } }],
      });
      expect(kinds.task?.map(({ task }) => task.id)).toEqual(expect.arrayContaining(ann.tasks));
      // One was uploaded.
      const isLarge = (message = '') => message.length > MAX_INLINE_BYTES && message.includes('of-ann.example');
      expect(kinds.task?.filter(({ task }) => isLarge(task.result?.message))).toHaveLength(2);
      expect(JSON.stringify(exported)).not.toContain(ann.key);
      // Workers drop what was canceled, and then store nothing about it.
      const queue = servers.open({ prefix }).queues('model_b');
      await expect.poll(() => queue.depth(), PATIENCE).toMatchObject({ visible: 2, inFlight: SLOW_TASKS - 2 });
      expect(placesOf((await stored()).filter(isKept), ann.words)).toEqual([]);
      expect(new Set(placesOf(await stored(), bob.words))).toEqual(new Set(his));
    });
  });
}
