import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '#core';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { knownCsv, outcomesCsv, readSeries } from '../../scripts/example/data.ts';

const ROOT = join(import.meta.dirname, '../..');
/** A copy of the code, which the tests edit. */
const COPY = mkdtempSync(join(tmpdir(), 'modelyard-edited-'));
const COPIED = ['bin', 'lambdas', 'lib', 'lifecycle', 'model-containers', 'proto', 'package.json'];
const MODELS = join('model-containers', 'models');

const RECIPE = { source: { dataset: 'known' }, columns: { rate: { clip: [0, 9] } } };
const [FEATURES, STEPS] = [['rate', 'rate_1y_ago'], 'lifecycle/preprocessing/recipe.ts'];
const STAGES = [
  { name: 'clean', uses: 'preprocessing.run-recipe', params: { recipe: 'clean' } },
  { name: 'materialize', uses: 'features.materialize', after: ['clean'], params: { view: 'rates' } },
  {
    ...{ name: 'join', uses: 'features.make-training-set', after: ['materialize'] },
    params: {
      ...{ labels: { dataset: 'outcomes' }, timestamp: 'year_end' },
      features: FEATURES.map((feature) => `rates:${feature}`),
    },
  },
  {
    ...{ name: 'train', uses: 'training.train', after: ['join'] },
    params: {
      ...{ model: 'rates', trainer: 'own', training_set: '{{join.artifact}}', features: FEATURES },
      ...{ label: 'next_rate', time: 'year_end', entity: 'country', baseline: 'rate' },
    },
  },
];

/** As editors save: a new file takes the place of the old one. */
function save(path: string, text: string): void {
  writeFileSync(join(COPY, `${path}.tmp`), text);
  renameSync(join(COPY, `${path}.tmp`), join(COPY, path));
}

const saveAlpha = (alpha: number) => save('lifecycle/trainers/own/alpha.ts', `export const ALPHA = ${alpha};\n`);

let system: EmbeddedSystem;

async function call(method: string, path: string, body?: unknown, type = 'application/json'): Promise<JsonObject> {
  const answer = await system.fetch(path, {
    method,
    headers: { 'Content-Type': type, Prefer: 'wait=25' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  expect(answer.ok).toBe(true);
  return (await answer.json()) as JsonObject;
}

interface Ended {
  readonly states: readonly string[];
  /** The artifact of the trained version. */
  readonly trained: unknown;
}

/** Runs the pipeline at once, before anything can have noticed an edit. */
async function run(): Promise<Ended> {
  const { id } = await call('POST', '/pipelines/rates/runs', {});
  for (;;) {
    const { state, stages } = await call('GET', `/pipelines/rates/runs/${id}`);
    if (state === 'running') {
      await new Promise((done) => setTimeout(done, 100));
      continue;
    }
    const list = stages as readonly { readonly state: string; readonly output: JsonObject }[];
    return { states: list.map((stage) => stage.state), trained: list.at(-1)?.output?.artifact };
  }
}

beforeAll(async () => {
  for (const path of COPIED) {
    const filter = (from: string) => !from.includes(MODELS) || from.endsWith(MODELS) || from.includes('model_a');
    cpSync(join(ROOT, path), join(COPY, path), { recursive: true, filter });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(COPY, 'node_modules'));
  mkdirSync(join(COPY, 'lifecycle/trainers/own'));
  const ridge = readFileSync(join(COPY, 'lifecycle/trainers/ridge.ts'), 'utf8');
  save(
    'lifecycle/trainers/own.ts',
    `import { ALPHA } from './own/alpha.ts';\n${ridge.replace('ALPHA = 1', 'OTHER = 1').replace('= DEFAULT_ALPHA', '= ALPHA')}`,
  );
  saveAlpha(1);
  system = await EmbeddedSystem.start({ root: COPY });
  const series = (await readSeries()).slice(0, 10);
  await call('POST', '/datasets/known/files', knownCsv(series), 'text/csv');
  await call('POST', '/datasets/outcomes/files', outcomesCsv(series), 'text/csv');
  await call('PUT', '/recipes/clean', RECIPE);
  await call('PUT', '/feature-views/rates', {
    ...{ entities: ['country'], source: { recipe: 'clean' }, timestamp: 'year_end', features: FEATURES },
  });
  await call('PUT', '/pipelines/rates', { stages: STAGES });
}, 120_000);
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  rmSync(COPY, { recursive: true, force: true });
});

describe('a pipeline whose code was edited', { timeout: 120_000 }, () => {
  let before: Ended;

  it('runs once, and then skips all stages', async () => {
    before = await run();

    expect(before.states).toEqual(Array(4).fill('succeeded'));
    expect(await run()).toEqual({ states: Array(4).fill('skipped'), trained: before.trained });
  });

  it('trains again with the edited module of a trainer, and skips what comes before', async () => {
    saveAlpha(100);
    const after = await run();

    expect(after.states).toEqual(['skipped', 'skipped', 'skipped', 'succeeded']);
    expect(after.trained).not.toBe(before.trained);
    before = after;
  });

  it('skips all stages when another trainer was edited', async () => {
    save(
      'lifecycle/trainers/linear.ts',
      readFileSync(join(COPY, 'lifecycle/trainers/linear.ts'), 'utf8').concat('// Edited.\n'),
    );

    expect(await run()).toEqual({ states: Array(4).fill('skipped'), trained: before.trained });
  });

  it('runs all stages from the edited SQL of a recipe on', async () => {
    await call('PUT', '/recipes/clean', { ...RECIPE, sql: 'SELECT * FROM input WHERE rate < 6' });
    const after = await run();

    expect(after.states).toEqual(Array(4).fill('succeeded'));
    expect(after.trained).not.toBe(before.trained);
    before = after;
  });

  it('runs all stages from an edited one on', async () => {
    save(STEPS, readFileSync(join(COPY, STEPS), 'utf8').replace(/(clip\[1\]\}\)) END/, '$1 / 2 END'));
    const after = await run();

    expect(after.states).toEqual(Array(4).fill('succeeded'));
    expect(after.trained).not.toBe(before.trained);
    expect(await run()).toEqual({ states: Array(4).fill('skipped'), trained: after.trained });
  });
});
