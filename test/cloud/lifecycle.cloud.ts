import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EmbeddedSystem as DeployedSystem } from '#test/support/deployed-system.ts';
import { knownCsv, outcomesCsv, readSeries } from '../../scripts/example/data.ts';
import { FEATURE_VIEW, MODEL, pipelineOf, VIEW } from '../../scripts/example/pipelines.ts';

const COUNTRIES = 40;

/** The fields that are read. */
interface Answer {
  readonly id: string;
  readonly state: string;
  readonly paths: object;
}

describe.runIf(process.env.MODELYARD_E2E_LIFECYCLE === 'on')('the lifecycle on AWS', { timeout: 240_000 }, () => {
  async function client() {
    const system = await DeployedSystem.start();
    async function call(method: string, path: string, body?: unknown, type = 'application/json') {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const answer = await system.fetch(path, {
        method,
        headers: { 'Content-Type': type, Prefer: 'wait=25' },
        ...(body === undefined ? {} : { body: text }),
      });
      return { status: answer.status, body: (await answer.json()) as Answer };
    }
    return { call, [Symbol.asyncDispose]: () => system[Symbol.asyncDispose]() };
  }

  it('leads from a file to a version that predicts, with its lineage', async () => {
    await using api = await client();
    const { call } = api;
    const series = (await readSeries()).slice(0, COUNTRIES);
    const [{ country = '' } = {}] = series;

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

    let predicted = await call('POST', `/entities/country/${country}/predict/${MODEL}`, {});
    for (let tries = 0; predicted.status !== 200 && tries < 40; tries += 1) {
      await sleep(500);
      predicted = await call('POST', `/entities/country/${country}/predict/${MODEL}`, {});
    }

    expect(predicted).toMatchObject({ status: 200, body: { result: { model_version: '1' } } });
    const lineage = await call('GET', `/tasks/${predicted.body.id}/lineage`);
    expect(JSON.stringify(lineage.body)).toContain('fertility.csv');
  });

  it('describes its routes and asks who calls', async () => {
    await using api = await client();

    const { body } = await api.call('GET', '/openapi.json');
    const nobody = await fetch(`${process.env.MODELYARD_E2E_URL}/datasets`);

    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/datasets', '/get-online-features', '/pipelines']),
    );
    expect(nobody.status).toBe(401);
  });
});
