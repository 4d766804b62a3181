import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTables, quoted } from '#adapters/duckdb/tables.ts';
import type { JsonObject, MonitorWindow } from '#core';
import { ENV } from '#platform/environment.ts';
import { useDatabases } from '#test/lifecycle/databases.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';
import { findPostgres } from '#test/support/postgres-server.ts';
import { knownCsv, outcomesCsv, readSeries, type Series } from '../../../scripts/example/data.ts';
import { FEATURE_VIEW, MODEL, pipelineOf, VIEW } from '../../../scripts/example/pipelines.ts';
import { observationsOf } from '../../../scripts/example/years.ts';

const COUNTRIES = 40;
/** Of an instance's batch. */
const BATCH = 1000;
const CONCURRENT = 16;
const WINDOW_SECONDS = 5;
const [CSV, PARQUET] = ['text/csv', 'application/vnd.apache.parquet'];
const BUCKET = 'lifecycle';
const S3_ENVIRONMENT = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
/** Samples of the training data never fall below it; other data always does. */
const TEST = { statistic: 'ks', threshold: 1e-9 };

/** Of the system; known when the servers run. */
let environment: Readonly<Record<string, string>> = {};

/** From a file to an alert that is over, on RabbitMQ, Redis, a PostgreSQL database for each service, and S3. */
async function fromDataToAlert(): Promise<void> {
  const newDatabases = useDatabases('postgres');
  const folders = useDataFolders();
  let system: EmbeddedSystem;
  let emulator: Awaited<ReturnType<typeof startFauxqs>>;
  let series: readonly Series[];
  let files: string;
  const reports: { readonly headers: Record<string, string>; readonly body: string }[] = [];

  /** Serves a file, and receives the reports of alerts. */
  const outside = createServer(async (request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'Content-Type': CSV }).end(knownCsv(series.slice(0, 2)));
      return;
    }
    const body = Buffer.concat(await request.toArray()).toString();
    reports.push({ headers: request.headers as Record<string, string>, body });
    response.end();
  });

  beforeAll(async () => {
    emulator = await startFauxqs({ port: 0, logger: false });
    emulator.createBucket(BUCKET);
    files = await listenOnFreePort(outside);
    series = (await readSeries()).slice(0, COUNTRIES);
    environment = {
      ...(await newDatabases()),
      ...S3_ENVIRONMENT,
      [ENV.artifacts]: `s3://${BUCKET}/artifacts/`,
      [ENV.s3Endpoint]: emulator.address,
      [ENV.scratchFolder]: await folders.newFolder(),
      [ENV.outboundHosts]: '127.0.0.1',
    };
    system = await EmbeddedSystem.start();
  }, 120_000);
  afterAll(async () => {
    await system?.[Symbol.asyncDispose]();
    outside.closeAllConnections();
    outside.close();
    await emulator?.stop();
  });

  async function call(method: string, path: string, body?: unknown, type = 'application/json') {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    const answer = await system.fetch(path, {
      method,
      headers: { 'Content-Type': type, Prefer: 'wait=25' },
      ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      body: (text === '' ? {} : JSON.parse(text)) as JsonObject & { readonly id: string },
    };
  }

  /** Asks until there is an answer; the time limit of the test ends it. */
  async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(200);
    }
  }

  const windowsOf = async () =>
    (await call('GET', `/models/${MODEL}/monitor`)).body.windows as unknown as readonly MonitorWindow[];
  const alertOn = async (feature: string) =>
    ((await call('GET', `/alerts?model=${MODEL}`)).body.alerts as JsonObject[]).find(
      (alert) => alert.feature === feature,
    );
  const typesOf = () => reports.map(({ body }) => (JSON.parse(body) as { readonly type: string }).type);

  /** As many predictions as an instance logs at once. Resolves with the ids of their tasks. */
  async function predictBatch(shift: number): Promise<readonly string[]> {
    const known = observationsOf(series, 1970, 1990);
    const left = Array.from({ length: BATCH }, (_, at) => known[(at * 7) % known.length]);
    const ids: string[] = [];
    async function predictNext(): Promise<void> {
      for (let next = left.shift(); next; next = left.shift()) {
        const request = { ...next.request, rate: next.request.rate + shift };
        const { id } = await until(async () => {
          const { status, body } = await call('POST', `/predict/${MODEL}`, request);
          return status === 200 ? body : undefined;
        });
        ids.push(id);
      }
    }
    await Promise.all(Array.from({ length: CONCURRENT }, predictNext));
    return ids;
  }

  describe('the lifecycle on RabbitMQ + Redis and PostgreSQL', { timeout: 120_000 }, () => {
    let drifted: readonly string[];

    it('makes versions of an upload, of a URL, of an object and of Parquet', async () => {
      const first = knownCsv(series.slice(0, 1));
      const broken = first.replace(/\n$/, '\nAAA,soon,1,1,1\n');

      const uploaded = await call('POST', '/datasets/fertility/files?name=one.csv', broken, CSV);
      const again = await call('POST', '/datasets/fertility/files?name=one.csv', broken, CSV);
      const fetched = await call('POST', '/datasets/fertility/files', { url: `${files}/two.csv` });
      const refused = await call('POST', '/datasets/fertility/files', { url: 'http://169.254.169.254/two.csv' });
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
      const s3 = new S3Client({ endpoint: emulator.address, forcePathStyle: true, region: 'us-east-1', credentials });
      const Body = knownCsv(series.slice(0, 3));
      await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'artifacts/inbox/three.csv', Body }));
      const taken = await call('POST', '/datasets/fertility/files', { key: 'three.csv' });
      const all = await toParquet(knownCsv(series), await folders.newFolder());
      const parquet = await call('POST', '/datasets/fertility/files?name=fertility.parquet', all, PARQUET);
      const quarantine = await call('GET', '/datasets/fertility/quarantine?version=1');

      expect(uploaded).toMatchObject({ status: 201, body: { version: 1, state: 'accepted', bad_rows: 1 } });
      expect(again).toMatchObject({ status: 200, body: { version: 1 } });
      expect(fetched).toMatchObject({ status: 201, body: { version: 2 } });
      expect(refused.status).toBe(400);
      expect(taken).toMatchObject({ status: 201, body: { version: 3 } });
      expect(parquet).toMatchObject({ status: 201, body: { version: 4, state: 'accepted', bad_rows: 0 } });
      expect(quarantine.body.rows).toMatchObject([{ code: 'type', line: first.split('\n').length }]);
    });

    it('leads from a recipe over features and a training set to a deployed version', async () => {
      const recipe = { source: { dataset: 'fertility' }, checks: [{ name: 'rates', condition: 'rate > 0' }] };
      await call('PUT', '/recipes/clean', recipe);
      const cleaned = await call('POST', '/recipes/clean/runs', {});
      await call('POST', '/datasets/fertility_outcomes/files?name=outcomes.csv', outcomesCsv(series), CSV);
      await call('PUT', '/entities/country', { join_keys: ['country'] });
      await call('PUT', `/feature-views/${VIEW}`, { ...FEATURE_VIEW, source: { recipe: 'clean' } });
      const materialized = await call('POST', `/feature-views/${VIEW}/materialize`, {});
      const [, join, train] = pipelineOf(
        { name: 'ridge', trainer: 'ridge', params: { alpha: 0.01 } },
        { known: 4, outcomes: 1 },
      ).stages;
      const set = await call('POST', '/training-sets', join?.params);
      const params = { ...train?.params, training_set: set.body.artifact };
      await call('PUT', '/pipelines/ridge', { stages: [{ ...train, after: [], params }] });
      const started = await call('POST', '/pipelines/ridge/runs', {});
      const run = await until(async () => {
        const { body } = await call('GET', `/pipelines/ridge/runs/${started.body.id}`);
        return body.state === 'running' ? undefined : body;
      });
      const deployed = await call('POST', `/models/${MODEL}/deployments`, { version: '1', guard_seconds: 0 });

      expect(cleaned.body).toMatchObject({ state: 'succeeded', reason: null });
      expect(materialized.status).toBe(200);
      expect(set).toMatchObject({ status: 201, body: { rows: expect.any(Number) } });
      expect(run).toMatchObject({ state: 'succeeded', stages: [{ name: 'train', output: { version: '1' } }] });
      expect(deployed).toMatchObject({ status: 201, body: { state: 'deployed', version: '1' } });
    });

    it('predicts by the id of an entity, and leads back to the file and the row', async () => {
      const [{ country = '' } = {}] = series;
      const predicted = await until(async () => {
        const answer = await call('POST', `/entities/country/${country}/predict/${MODEL}`, {});
        return answer.status === 200 ? answer.body : undefined;
      });

      const { body: lineage } = await call('GET', `/tasks/${predicted.id}/lineage`);

      expect(predicted).toMatchObject({ result: { next_rate: expect.any(Number), model_version: '1' } });
      expect(lineage).toMatchObject({
        version: { model: MODEL },
        training_set: { labels: { dataset: 'fertility_outcomes', file: expect.stringMatching(/^[0-9a-f]{64}$/) } },
        features: { sources: { rate: { file_name: 'fertility.parquet', line: expect.any(Number) } } },
      });
    });

    it('logs predictions, judges their windows and raises one silenced alert', async () => {
      const tests = Object.fromEntries(['rate', 'change_1y', 'change_5y', 'prediction'].map((name) => [name, TEST]));
      const settings = { window_seconds: WINDOW_SECONDS, grace_seconds: 1, tests };
      expect((await call('PUT', `/models/${MODEL}/monitor`, settings)).status).toBe(200);
      const rule = { kind: 'drift', model: MODEL, feature: 'rate', channels: [{ kind: 'webhook', url: files }] };
      expect((await call('PUT', '/alert-rules/drift', rule)).status).toBe(200);
      const silence = await call('POST', '/silences', { model: MODEL, seconds: 600 });
      expect(silence.status).toBe(201);

      drifted = await predictBatch(10);
      const windows = await until(async () => {
        const found = await windowsOf();
        const logged = found.reduce((sum, { predictions }) => sum + predictions, 0);
        return logged >= BATCH && found.every(({ computed_at }) => computed_at !== null) ? found : undefined;
      });
      const alert = await until(() => alertOn('rate'));

      expect(windows.some((window) => window.drifted)).toBe(true);
      expect(alert).toMatchObject({ state: 'firing', rule: 'drift', version: '1', silenced: true });
      expect(reports).toEqual([]);
      expect((await call('DELETE', `/silences/${silence.body.id}`)).status).toBe(204);
      await until(async () => reports[0]);
      expect(typesOf()).toEqual(['alert.firing']);
    });

    it('counts late outcomes to their window', async () => {
      const outcomes = drifted.slice(0, 100).map((task_id) => ({ task_id, value: 2 }));

      const reported = await call('POST', '/outcomes', { outcomes });
      const twice = await call('POST', '/outcomes', { outcomes: [outcomes[0], { task_id: 'nobody', value: 1 }] });
      const known = await until(async () => {
        const performances = (await windowsOf()).flatMap(({ performance }) => performance ?? []);
        return performances.reduce((sum, { outcomes: count }) => sum + count, 0) === 100 ? performances : undefined;
      });

      expect(reported.body).toMatchObject({ recorded: 100, refused: 0 });
      expect(twice.body.outcomes).toMatchObject([
        { error: { code: 'duplicate_outcome' } },
        { error: { code: 'unknown_prediction' } },
      ]);
      for (const performance of known) expect(performance.mae).toBeGreaterThan(5);
    });

    it('resolves the alert by a good window, and signs both reports', async () => {
      await predictBatch(0);
      await until(async () => reports[1]);

      expect(typesOf()).toEqual(['alert.firing', 'alert.resolved']);
      expect(await alertOn('rate')).toMatchObject({ state: 'resolved' });
      const secret = String((await call('GET', '/users/me/webhook-secret')).body.secret);
      for (const { headers, body } of reports) new Webhook(secret).verify(body, headers);
    });
  });
}

async function toParquet(csv: string, folder: string): Promise<Uint8Array> {
  await using tables = await openTables({ folder });
  const [source, target] = [join(folder, 'all.csv'), join(folder, 'all.parquet')];
  await writeFile(source, csv);
  await tables.run(`COPY (FROM read_csv(${quoted(source)})) TO ${quoted(target)} (FORMAT parquet)`);
  return readFile(target);
}

const SUITE = 'data to alert';
if (await findPostgres(SUITE)) await onRabbitRedis(SUITE, fromDataToAlert, () => environment);
else describe(SUITE, () => it.todo('runs where PostgreSQL is installed'));
