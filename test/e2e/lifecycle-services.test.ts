import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '#core';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { knownCsv, outcomesCsv, readSeries } from '../../scripts/example/data.ts';
import { FEATURE_VIEW, MODEL, pipelineOf, VIEW } from '../../scripts/example/pipelines.ts';

const COUNTRIES = 40;
const [CSV, LINES] = ['text/csv', 'application/x-ndjson'];

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start();
}, 60_000);
afterAll(() => system[Symbol.asyncDispose]());

async function call(method: string, path: string, body?: unknown, type = 'application/json') {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await system.fetch(path, {
    method,
    headers: { 'Content-Type': type, Prefer: 'wait=25' },
    ...(body === undefined ? {} : { body: text }),
  });
  return { status: answer.status, body: (await answer.json()) as JsonObject & { readonly id: string } };
}

/** Minutes before now. */
const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

describe('a dataset, a recipe and a feature view over HTTP', { timeout: 120_000 }, () => {
  it('keeps good rows, and shows the bad ones with line and reason', async () => {
    const rows = [
      `1,${ago(30)},5000`,
      `1,${ago(10)},7000`,
      `2,${ago(600)},900`,
      `3,${ago(20)},`,
      ...Array.from({ length: 40 }, (_, at) => `${at + 10},${ago(40)},100`),
      `4,${ago(5)},broken`,
    ];
    const csv = `meter,at,power\n${rows.join('\n')}\n`;

    const sent = await call('POST', '/datasets/loads/files?name=loads.csv', csv, CSV);
    const again = await call('POST', '/datasets/loads/files?name=loads.csv', csv, CSV);
    const quarantine = await call('GET', '/datasets/loads/quarantine');

    expect(sent).toMatchObject({ status: 201, body: { version: 1, state: 'accepted', rows: 44, bad_rows: 1 } });
    expect(again).toMatchObject({ status: 200, body: { version: 1 } });
    expect(quarantine.body.rows).toMatchObject([{ line: 46, code: 'type', reason: expect.stringContaining('power') }]);
  });

  it('stops a recipe at a failed check of severity error, and not at a warning', async () => {
    const recipe = (severity: string) => ({
      source: { dataset: 'loads' },
      columns: { power: { clip: [0, 6000] } },
      checks: [{ name: 'known power', condition: 'power IS NOT NULL', severity }],
    });

    await call('PUT', '/recipes/strict', recipe('error'));
    const stopped = await call('POST', '/recipes/strict/runs', {});
    await call('PUT', '/recipes/clean', recipe('warn'));
    const made = await call('POST', '/recipes/clean/runs', {});
    const runs = await call('GET', '/recipes/clean/runs');

    expect(stopped.body).toMatchObject({ state: 'failed', reason: 'The check known power fails for 1 of 44 rows.' });
    expect(made.body).toMatchObject({ state: 'succeeded', rows: 44, reason: null });
    expect(runs.body.runs).toMatchObject([{ state: 'succeeded' }]);
  });

  it('answers features online with the statuses of Feast, and joins them with labels', async () => {
    const view = {
      ...{ entities: ['meter'], source: { recipe: 'clean' }, timestamp: 'at', ttl_seconds: 3600 },
      ...{ features: ['power'], on_demand: { kilowatts: 'power / 1000' } },
    };
    await call('PUT', '/feature-views/load', view);
    expect((await call('POST', '/feature-views/load/materialize', {})).status).toBe(200);

    const asked = { features: ['load:power', 'load:kilowatts'], entities: { meter: [1, 2, 3, 99] } };
    const online = await call('POST', '/get-online-features', asked);
    const labels = [`{"meter":1,"time":"${ago(15)}","y":1}`, `{"meter":1,"time":"${ago(1)}","y":2}`].join('\n');
    const sent = await call('POST', '/datasets/labels/files', labels, LINES);
    const set = await call('POST', '/training-sets', {
      ...{ labels: { dataset: 'labels' }, timestamp: 'time', features: ['load:power'] },
    });
    const found = await call('GET', `/training-sets/${set.body.id}`);

    expect(online.body.results).toMatchObject([
      { values: [1, 2, 3, 99] },
      { values: [6000, null, null, null], statuses: ['PRESENT', 'OUTSIDE_MAX_AGE', 'NULL_VALUE', 'NOT_FOUND'] },
      { values: [6, null, null, null] },
    ]);
    expect(sent.status).toBe(201);
    expect(set).toMatchObject({ status: 201, body: { rows: 2 } });
    expect(found.body).toMatchObject({
      labels: { dataset: 'labels', version: 1, files: [{ first_line: 1, last_line: 2, rows: 2 }] },
      sources: { load: { dataset: 'loads', version: 1, recipe: 'clean' } },
    });
  });
});

describe('a deployment over HTTP', { timeout: 120_000 }, () => {
  let predicted: Awaited<ReturnType<typeof call>>;
  let country: string;

  beforeAll(async () => {
    const series = (await readSeries()).slice(0, COUNTRIES);
    country = series[0]?.country ?? '';
    await call('POST', '/datasets/fertility/files?name=fertility.csv', knownCsv(series), CSV);
    await call('POST', '/datasets/fertility_outcomes/files?name=outcomes.csv', outcomesCsv(series), CSV);
    await call('PUT', '/entities/country', { join_keys: ['country'] });
    await call('PUT', `/feature-views/${VIEW}`, FEATURE_VIEW);
    for (const [name, alpha] of [
      ['good', 0.01],
      ['bad', 5000],
    ] as const) {
      const { stages } = pipelineOf({ name, trainer: 'ridge', params: { alpha } }, { known: 1, outcomes: 1 });
      await call('PUT', `/pipelines/${name}`, { stages: stages.filter((stage) => stage.name !== 'deploy') });
      let run = (await call('POST', `/pipelines/${name}/runs`, {})).body;
      while (run.state === 'running') {
        await sleep(100);
        run = (await call('GET', `/pipelines/${name}/runs/${run.id}`)).body;
      }
      expect(run.state).toBe('succeeded');
    }
  }, 120_000);

  it('takes the better version, refuses the worse with reasons, and is rolled back by one call', async () => {
    const first = await call('POST', `/models/${MODEL}/deployments`, { version: '1' });
    const refused = await call('POST', `/models/${MODEL}/deployments`, { version: '2' });
    const forced = await call('POST', `/models/${MODEL}/deployments`, { version: '2', force: true, guard_seconds: 0 });
    const back = await call('POST', `/models/${MODEL}/rollback`);

    expect(first).toMatchObject({ status: 201, body: { state: 'deployed', version: '1' } });
    expect(refused.status).toBe(409);
    expect(refused.body.errors).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/is not lower than/) }),
    );
    expect(forced).toMatchObject({ status: 201, body: { version: '2' } });
    expect(back).toMatchObject({ status: 201, body: { kind: 'rollback', version: '1' } });
  });

  it('predicts by entity, and leads back to file and line', async () => {
    const ask = () => call('POST', `/entities/country/${country}/predict/${MODEL}`, {});
    do predicted = await ask();
    while (predicted.status !== 200 && (await sleep(200, true)));

    const { body: lineage } = await call('GET', `/tasks/${predicted.body.id}/lineage`);

    expect(lineage).toMatchObject({
      version: { model: MODEL },
      training_set: {
        labels: {
          ...{
            dataset: 'fertility_outcomes',
            file_name: 'outcomes.csv',
            file: expect.stringMatching(/^[0-9a-f]{64}$/),
          },
          files: [{ first_line: 2, last_line: expect.any(Number) }],
        },
      },
      features: { sources: { rate: { file_name: 'fertility.csv', line: expect.any(Number) } } },
    });
  });

  it('leads from a row to the predictions that have used it, and to the versions that were trained on its file', async () => {
    const { body } = await call('GET', `/tasks/${predicted.body.id}/lineage`);
    const { rate } = (body.features as { sources: Record<string, { version: number; line: number }> }).sources;
    const path = (line: number) => `/datasets/fertility/versions/${rate?.version}/lines/${line}/predictions`;

    const used = await call('GET', path(rate?.line ?? 0));
    const unused = await call('GET', path((rate?.line ?? 0) - 1));
    const unknown = await call('GET', '/datasets/fertility/versions/9/lines/2/predictions');

    expect(used).toMatchObject({
      status: 200,
      body: {
        row: { line: rate?.line, file: { name: 'fertility.csv' } },
        trained_versions: [
          { model: MODEL, version: '1' },
          { model: MODEL, version: '2' },
        ],
      },
    });
    const [newest] = used.body.predictions as JsonObject[];
    expect(newest).toMatchObject({
      ...{ task_id: predicted.body.id, entity_id: country, features: { rate: expect.any(Number) } },
    });
    expect(unused.body.predictions).toEqual([]);
    expect(unknown.status).toBe(404);
  });

  it('leads from a prediction without an entity to the files that its version was trained on', async () => {
    const body = { rate: 2, change_1y: -0.1, change_5y: -0.4 };
    const { body: task } = await call('POST', `/predict/${MODEL}`, body);

    const { body: lineage } = await call('GET', `/tasks/${task.id}/lineage`);

    expect(lineage).toMatchObject({ features: null, entity: null, version: { model: MODEL } });
    expect(lineage.training_set).toMatchObject({
      sources: { [VIEW]: { file_name: 'fertility.csv', sent_by: expect.any(String) } },
    });
  });
});

describe('a pipeline over HTTP', () => {
  it('has stages that exist, and runs that can be retried from them only', async () => {
    const pipeline = (uses: string) => ({ stages: [{ name: 'only', uses, params: { recipe: 'none' } }] });

    const unknown = await call('PUT', '/pipelines/odd', pipeline('training.trian'));
    const foreign = await call('PUT', '/pipelines/odd', pipeline('constructor.name'));
    const runs = await call('GET', '/pipelines/odd/runs');
    await call('PUT', '/pipelines/odd', pipeline('preprocessing.run-recipe'));
    const { body } = await call('POST', '/pipelines/odd/runs', {});
    await call('POST', `/pipelines/odd/runs/${body.id}/cancel`, {});
    const retried = await call('POST', `/pipelines/odd/runs/${body.id}/retry`, { from: 'constructor' });

    expect(unknown).toMatchObject({ status: 422, body: { errors: [{ pointer: '/stages/0/uses' }] } });
    expect([foreign.status, runs.status, retried.status]).toEqual([422, 404, 422]);
  });
});

describe('versions, deployments and the monitor of a model', { timeout: 60_000 }, () => {
  const READS = ['versions', 'deployments', 'monitor'];
  const statuses = (model: string) =>
    Promise.all(READS.map(async (list) => (await call('GET', `/models/${model}/${list}`)).status));

  it('are 404 for a model that nothing knows', async () => {
    expect(await statuses('nowhere')).toEqual([404, 404, 404]);
    expect((await call('GET', '/models/nowhere/versions')).body).toMatchObject({ type: '/problems/model-not-found' });
    expect((await call('POST', '/models/nowhere/rollback')).status).toBe(404);
    expect(await call('POST', '/models/model_a/rollback')).toMatchObject({ status: 422 });
  });

  it('have a monitor for a model that is yet to come, once it is set up', async () => {
    await call('PUT', '/models/later/monitor', { window_seconds: 60 });

    expect(await call('GET', '/models/later/monitor')).toMatchObject({
      status: 200,
      body: { settings: { window_seconds: 60 } },
    });
  });

  it('are empty for a model without versions, served or only registered in MLflow', async () => {
    await call('POST', '/mlflow/api/2.0/mlflow/registered-models/create', { name: 'elsewhere' });

    expect(await statuses('model_a')).toEqual([200, 200, 200]);
    expect(await statuses('elsewhere')).toEqual([200, 200, 200]);
    expect((await call('GET', '/models/elsewhere/versions')).body).toEqual({ versions: [] });
  });
});
