import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { EmbeddedSystem as DeployedSystem } from '#test/support/deployed-system.ts';
import { knownCsv, outcomesCsv, readSeries } from '../../scripts/example/data.ts';
import { FEATURE_VIEW, MODEL, pipelineOf, VIEW } from '../../scripts/example/pipelines.ts';
import { addUser, bearer, login, users } from './deployed-users.ts';

const COUNTRIES = 40;
const stage = new DeployedSystem(process.env.MODELYARD_E2E_URL ?? '');

/** The fields that are read. */
interface Answer {
  readonly id: string;
  readonly state: string;
  readonly paths: object;
  readonly predictions: readonly { readonly task_id: string }[];
}

/** Calls with a token, or with the API key of an administrator. */
const caller =
  (token = process.env.MODELYARD_E2E_KEY ?? '') =>
  async (method: string, path: string, body?: unknown, type = 'application/json') => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await stage.fetch(path, {
      method,
      headers: { ...bearer(token), 'Content-Type': type, Prefer: 'wait=25' },
      ...(body === undefined ? {} : { body: text }),
    });
    return { status: answer.status, body: (answer.status === 204 ? {} : await answer.json()) as Answer };
  };

const call = caller();

describe('the lifecycle on AWS', { timeout: 240_000 }, () => {
  let country: string;

  beforeAll(async () => {
    const series = (await readSeries()).slice(0, COUNTRIES);
    [{ country } = { country: '' }] = series;
    const known = await call('POST', '/datasets/fertility/files?name=fertility.csv', knownCsv(series), 'text/csv');
    expect(known).toMatchObject({ status: 201, body: { version: 1, state: 'accepted' } });
    const outcomes = await call('POST', '/datasets/fertility_outcomes/files', outcomesCsv(series), 'text/csv');
    expect(outcomes.status).toBe(201);
    expect((await call('PUT', '/entities/country', { join_keys: ['country'] })).status).toBe(200);
    expect((await call('PUT', `/feature-views/${VIEW}`, FEATURE_VIEW)).status).toBe(200);
    const pipeline = pipelineOf(
      { name: 'ridge', trainer: 'ridge', params: { alpha: 0.01 } },
      { known: 1, outcomes: 1 },
    );
    expect((await call('PUT', '/pipelines/ridge', pipeline)).status).toBe(200);
    let run = (await call('POST', '/pipelines/ridge/runs', {})).body;
    while (run.state === 'running') {
      await sleep(500);
      run = (await call('GET', `/pipelines/ridge/runs/${run.id}`)).body;
    }
    expect(run).toMatchObject({ state: 'succeeded' });
    // Instances look at their heartbeat what is deployed.
    await vi.waitUntil(async () => (await predict()).status === 200, { timeout: 30_000, interval: 500 });
  }, 120_000);

  const predict = (as = call) => as('POST', `/entities/country/${country}/predict/${MODEL}`, {});

  it('leads from a file to a version that predicts, with its lineage', async () => {
    const predicted = await predict();

    expect(predicted).toMatchObject({ status: 200, body: { result: { model_version: '1' } } });
    const lineage = await call('GET', `/tasks/${predicted.body.id}/lineage`);
    expect(JSON.stringify(lineage.body)).toContain('fertility.csv');
  });

  it('exports what its services have of a user, who is deleted there too', async () => {
    const { name, password } = await addUser('guarded', 'operator');
    const hers = caller((await login(stage, { name, password })).access_token);
    const { id: owner } = (await hers('GET', '/users/me')).body;
    const { id: task } = (await predict(hers)).body;
    const recipe = name.replaceAll('-', '_');
    expect((await hers('PUT', `/recipes/${recipe}`, { source: { dataset: 'fertility' } })).status).toBe(200);
    const lineage = await hers('GET', `/tasks/${task}/lineage`);
    const [, line] = /"line":(\d+)/.exec(JSON.stringify(lineage.body)) ?? [];
    const whoUsed = async () => {
      const { body } = await call('GET', `/datasets/fertility/versions/1/lines/${line}/predictions`);
      return body.predictions.map(({ task_id }) => task_id);
    };

    const exported = (await users('guarded', 'export', name)).split('\n').map((text) => JSON.parse(text));
    const before = await whoUsed();
    const deleted = await call('DELETE', `/users/${owner}`);

    const rows = exported.flatMap(({ lifecycle }) => (lifecycle ? [lifecycle] : []));
    expect(rows).toEqual(
      expect.arrayContaining([
        { service: 'serving', table: 'predictions', row: expect.objectContaining({ task_id: task, owner }) },
        { service: 'serving', table: 'used_rows', row: expect.objectContaining({ task_id: task }) },
        {
          service: 'preprocessing',
          table: 'recipes',
          row: expect.objectContaining({ name: recipe, updated_by: owner }),
        },
      ]),
    );
    expect(exported.filter((each) => each.task).map((each) => each.task.model)).toEqual([MODEL]);
    expect(before).toContain(task);
    expect(deleted.status).toBe(204);
    await expect.poll(whoUsed, { timeout: 30_000, interval: 500 }).not.toContain(task);
  });

  it('describes its routes and asks who calls', async () => {
    const { body } = await call('GET', '/openapi.json');
    const nobody = await stage.fetch('/datasets');

    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/datasets', '/get-online-features', '/pipelines']),
    );
    expect(nobody.status).toBe(401);
  });
});
