import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ended, type ProblemBody, post, submit, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = mkdtempSync(join(tmpdir(), 'modelyard-failing-'));
/** Starts of two processes, on a machine that does other things too. */
const START_MS = 20_000;

interface Failure {
  readonly reason: string;
  readonly count: number;
}

function writeModel(name: string, files: Readonly<Record<string, string>>, manifest: object = {}): void {
  mkdirSync(join(FOLDER, name), { recursive: true });
  const described = { name, description: 'Fails to start.', ...manifest };
  for (const [file, text] of Object.entries({ 'manifest.json': JSON.stringify(described), ...files })) {
    writeFileSync(join(FOLDER, name, file), text);
  }
}

/** A model on the contract of the fixtures. */
const withSetup = (name: string, setup: string): string => `
import { defineModel } from '${ROOT}/model-containers/runtime/define-model.ts';
import { ProbeRequest, ProbeResponse } from '${ROOT}/test/fixtures/proto/gen/models/probe.ts';
import manifest from './manifest.json' with { type: 'json' };

export default defineModel({
  manifest: { name: '${name}', ...manifest },
  request: ProbeRequest,
  response: ProbeResponse,
  setup() { ${setup} },
  predict: () => ({}),
});
`;

let system: EmbeddedSystem;
beforeAll(async () => {
  writeModel('misspelled', { 'model.ts': 'export const a = 1;\nexport defalt {};\n' });
  writeModel('weightless', {
    'model.ts': withSetup('weightless', `throw new RangeError('The weights are missing.');`),
  });
  const patient = withSetup('patient', `throw new Error('Not yet.');`);
  writeModel('patient', { 'model.ts': patient }, { acceptWhenAsleep: true });
  writeModel('ungenerated', { 'model.ts': `import './proto/gen/models/ungenerated.ts';\n` });
  writeModel('snake', { 'model.py': 'import modelyard\n' });
  writeModel('wine', { 'model.py': 'import modelyard\n\n1 / 0\n' });
  const generated = join(FOLDER, 'proto/gen/models');
  mkdirSync(generated, { recursive: true });
  writeFileSync(join(generated, 'wine.ts'), `export * from '${ROOT}/proto/gen/models/wine.ts';\n`);
  system = await EmbeddedSystem.start({ environment: { MODELYARD_MODELS_PATH: FOLDER } });
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  rmSync(FOLDER, { recursive: true, force: true });
});

async function listed(name: string) {
  const { models } = (await (await system.fetch('/models')).json()) as {
    models: readonly { name: string; state: string; failure: Failure | null; request_message: string | null }[];
  };
  return models.find((model) => model.name === name);
}

/** The entry of a model once it fails. */
const failing = (name: string) =>
  vi.waitFor(
    async () => {
      const model = await listed(name);
      expect(model).toMatchObject({ state: 'failing' });
      return model;
    },
    { timeout: START_MS, interval: 50 },
  );

describe('a model that does not start', () => {
  it.each([
    ['misspelled', /Expected.*\(model\.ts:2\)|Unexpected.*\(model\.ts:2\)/s],
    ['weightless', /^The weights are missing\. \(model\.ts:\d+\)$/],
    ['ungenerated', /^The contract ungenerated has no generated messages\..*run `npm run generate`\.$/],
    ['snake', /^The model snake has no generated messages\..*run `npm run generate`\.$/],
    ['wine', /division by zero \(model\.py:3\)$/],
  ])('is listed with its reason, and refuses tasks with it: %s', async (name, reason) => {
    const model = await failing(name);
    const { instances } = (await (await system.fetch(`/models/${name}/instances`)).json()) as {
      instances: readonly { id: string; failure: Failure | null }[];
    };

    const before = performance.now();
    const response = await post(system, `/predict/${name}`, {});
    const problem = (await response.json()) as ProblemBody;

    expect(model?.failure).toMatchObject({ reason: expect.stringMatching(reason), count: expect.any(Number) });
    expect(instances).toMatchObject([{ failure: { reason: expect.stringMatching(reason) } }]);
    expect(response.status).toBe(503);
    expect(problem).toMatchObject({ type: '/problems/model-failing', detail: expect.stringContaining(name) });
    expect(problem.detail).toContain(model?.failure?.reason);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('counts its failed starts', async () => {
    const count = async () => (await listed('weightless'))?.failure?.count ?? 0;

    await vi.waitFor(async () => expect(await count()).toBeGreaterThan(1), { timeout: START_MS, interval: 50 });
  });

  it('accepts tasks without waiting for them, if its manifest says so, and runs them once it is mended', async () => {
    await failing('patient');

    const response = await post(system, '/predict/patient', {});
    const task = (await response.json()) as TaskBody;
    writeModel('patient', { 'model.ts': withSetup('patient', '') }, { acceptWhenAsleep: true });

    expect(response.status).toBe(202);
    expect(task.state).toBe('queued');
    expect(await ended(system, task.id)).toMatchObject({ state: 'succeeded' });
    await vi.waitFor(async () => expect(await listed('patient')).toMatchObject({ state: 'active', failure: null }), {
      timeout: START_MS,
      interval: 50,
    });
    expect((await submit(system, 'patient', {})).state).toBe('queued');
  });
});
