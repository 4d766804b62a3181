import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTables, quoted } from '#adapters/duckdb/tables.ts';
import type { JsonObject, MonitorWindow } from '#core';
import { startDue } from '#lifecycle/monitoring/due.ts';
import { openLifecycle } from '#lifecycle/open-lifecycle.ts';
import { ENV } from '#platform/environment.ts';
import { platformFromEnvironment } from '#platform/from-environment.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { knownCsv, outcomesCsv, readSeries, type Series } from '../../scripts/example/data.ts';
import { FEATURE_VIEW, MODEL, pipelineOf, VIEW } from '../../scripts/example/pipelines.ts';
import { observationsOf } from '../../scripts/example/years.ts';

const COUNTRIES = 40;
/** Of an instance's batch. */
const BATCH = 1000;
const CONCURRENT = 16;
/** After which an instance that has told nothing has lost its log. */
const SILENT_MS = 120_000;
const WINDOW_SECONDS = 5;
const [CSV, PARQUET] = ['text/csv', 'application/vnd.apache.parquet'];
/** Samples of the training data never fall below it; other data always does. */
const TEST = { statistic: 'ks', threshold: 1e-9 };

interface Surroundings {
  /** Of the system: where databases and artifacts are. */
  prepare(environment: Readonly<Record<string, string>>): Promise<void>;
  /** Puts an object into the inbox of the artifacts. */
  putObject(name: string, text: string, system: Pick<EmbeddedSystem, 'environment'>): Promise<void>;
  /** Logged at a time. An instance that has fewer than a batch hands them on when it is stopped. @default a batch */
  readonly predictions?: number;
}

/** From a file to an alert that is over, on a whole system with servers around it. */
export function dataToAlertContract(name: string, { prepare, putObject, predictions = BATCH }: Surroundings): void {
  const folders = useDataFolders();
  let system: EmbeddedSystem;
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
    files = await listenOnFreePort(outside);
    series = (await readSeries()).slice(0, COUNTRIES);
    await prepare({ [ENV.outboundHosts]: '127.0.0.1' });
    system = await EmbeddedSystem.start();
  }, 120_000);
  afterAll(async () => {
    await system?.[Symbol.asyncDispose]();
    outside.closeAllConnections();
    outside.close();
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
  /** All windows, once that many predictions are judged. */
  const untilJudged = (predictions: number) =>
    until(async () => {
      const windows = await windowsOf();
      return countOf(windows) >= predictions && windows.every(({ computed_at }) => computed_at !== null)
        ? windows
        : undefined;
    });
  const alertOn = async (feature: string) =>
    ((await call('GET', `/alerts?model=${MODEL}`)).body.alerts as JsonObject[]).find(
      (alert) => alert.feature === feature,
    );
  const typesOf = () => reports.map(({ body }) => (JSON.parse(body) as { readonly type: string }).type);

  /** Of everything that was accepted. */
  const tasks = new Set<string>();
  async function predict(path: string, request: object): Promise<JsonObject & { readonly id: string }> {
    return until(async () => {
      const { status, body } = await call('POST', path, request);
      if (status === 200 || status === 202) tasks.add(body.id);
      return status === 200 ? body : undefined;
    });
  }

  /** Lets another instance take over from the one that runs, which hands on its log. */
  async function replaceInstance(): Promise<void> {
    const { body } = await call('GET', `/models/${MODEL}/instances`);
    expect((await call('POST', `/models/${MODEL}/instances`)).status).toBe(202);
    for (const { id } of body.instances as { id: string }[]) {
      expect((await call('DELETE', `/models/${MODEL}/instances/${id}`)).status).toBe(202);
    }
  }

  /** Resolves with the ids of their tasks. */
  async function predictMany(shift: number, count: number): Promise<readonly string[]> {
    const known = observationsOf(series, 1970, 1990);
    const left = Array.from({ length: count }, (_, at) => known[(at * 7) % known.length]);
    const ids: string[] = [];
    async function predictNext(): Promise<void> {
      for (let next = left.shift(); next; next = left.shift()) {
        const request = { ...next.request, rate: next.request.rate + shift };
        ids.push((await predict(`/predict/${MODEL}`, request)).id);
      }
    }
    await Promise.all(Array.from({ length: CONCURRENT }, predictNext));
    return ids;
  }

  async function predictLogged(shift: number): Promise<readonly string[]> {
    const ids = await predictMany(shift, predictions);
    if (predictions < BATCH) await replaceInstance();
    return ids;
  }

  describe(`the lifecycle ${name}`, { timeout: 120_000 }, () => {
    let drifted: readonly string[];

    it('makes versions of an upload, of a URL, of an object and of Parquet', async () => {
      const first = knownCsv(series.slice(0, 1));
      const broken = first.replace(/\n$/, '\nAAA,soon,1,1,1\n');

      const uploaded = await call('POST', '/datasets/fertility/files?name=one.csv', broken, CSV);
      const again = await call('POST', '/datasets/fertility/files?name=one.csv', broken, CSV);
      const fetched = await call('POST', '/datasets/fertility/files', { url: `${files}/two.csv` });
      const refused = await call('POST', '/datasets/fertility/files', { url: 'http://169.254.169.254/two.csv' });
      await putObject('three.csv', knownCsv(series.slice(0, 3)), system);
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
      const predicted = await predict(`/entities/country/${country}/predict/${MODEL}`, {});
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

      drifted = await predictLogged(10);
      const windows = await untilJudged(predictions);
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
      await predictLogged(0);
      await until(async () => reports[1]);

      expect(typesOf()).toEqual(['alert.firing', 'alert.resolved']);
      expect(await alertOn('rate')).toMatchObject({ state: 'resolved' });
      const secret = String((await call('GET', '/users/me/webhook-secret')).body.secret);
      for (const { headers, body } of reports) new Webhook(secret).verify(body, headers);
    });

    it('rebuilds from tasks what an instance that is killed has not handed on', async () => {
      await predictMany(0, 50);
      const instances = system.events.filter(
        ({ source, message }) => source.startsWith(MODEL) && message === 'Starting.',
      );
      process.kill(Number(instances.at(-1)?.pid), 'SIGKILL');
      const platform = await platformFromEnvironment({ ...process.env, ...system.environment }, () => undefined);
      const clock = { ...platform.clock, now: () => Date.now() + SILENT_MS };
      const later = await openLifecycle({ ...platform, clock }, silentLogger);

      await startDue(later);
      const windows = await untilJudged(tasks.size);
      await platform.close();

      expect(countOf(windows)).toBe(tasks.size);
    });
  });
}

const countOf = (windows: readonly MonitorWindow[]): number =>
  windows.reduce((sum, { predictions }) => sum + predictions, 0);

async function toParquet(csv: string, folder: string): Promise<Uint8Array> {
  await using tables = await openTables({ folder });
  const [source, target] = [join(folder, 'all.csv'), join(folder, 'all.parquet')];
  await writeFile(source, csv);
  await tables.run(`COPY (FROM read_csv(${quoted(source)})) TO ${quoted(target)} (FORMAT parquet)`);
  return readFile(target);
}
