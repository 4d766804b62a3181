import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#core';
import { sourceOf } from '#lifecycle/features/views.ts';
import { manifest as ingestion } from '#lifecycle/ingestion/manifest.ts';
import type { IngestionTables } from '#lifecycle/ingestion/tables.ts';
import { databaseOf, type Lifecycle } from '#lifecycle/lifecycle.ts';
import { manifest } from '#lifecycle/preprocessing/manifest.ts';
import { type Recipe, readRecipe } from '#lifecycle/preprocessing/recipe.ts';
import type { PreprocessingTables } from '#lifecycle/preprocessing/tables.ts';
import { useLifecycle } from './support.ts';

const lifecycles = useLifecycle();
const ROWS = 'id,power,place\n1,5, North\n2,-3,south\n3,,SOUTH\n';

async function withRecipe(recipe: Recipe): Promise<Lifecycle> {
  const lifecycle = await lifecycles.open();
  const data = await databaseOf<IngestionTables>(lifecycle, ingestion);
  const dataset = { name: 'meters', schema: null, max_bad: 0, last_version: 0, created_at: 0, created_by: 'someone' };
  await data.query.insertInto('datasets').values(dataset).execute();
  const file = { ...(await lifecycle.stores.artifacts.put(Buffer.from(ROWS))), name: 'meters.csv', format: 'csv' };
  await lifecycles.run(lifecycle, 'ingestion', 'ingest', { dataset: 'meters', file, source: 'upload' });
  const { query } = await databaseOf<PreprocessingTables>(lifecycle, manifest);
  const definition = JSON.stringify(readRecipe(recipe as unknown as JsonObject));
  await query
    .insertInto('recipes')
    .values({ name: 'clean', version: 1, definition, last_output: 0, updated_at: 0, updated_by: 'someone' })
    .execute();
  return lifecycle;
}

const run = (lifecycle: Lifecycle) => lifecycles.run(lifecycle, 'preprocessing', 'run-recipe', { recipe: 'clean' });

const COLUMNS: Recipe['columns'] = {
  place: { trim: true, lower: true, rename: 'area' },
  power: { clip: [0, 4], fill: 1 },
};

describe('a recipe', () => {
  it('cleans columns, checks them, and makes an output that leads back to file and line', async () => {
    const lifecycle = await withRecipe({
      source: { dataset: 'meters' },
      sql: 'SELECT id, power, place, _line, _file FROM input WHERE id < 4 -- all of them',
      columns: COLUMNS,
      checks: [
        { name: 'areas', condition: "area IN ('north', 'south')" },
        { name: 'small', condition: 'power < 4', severity: 'warn' },
        { name: 'unique', sql: 'SELECT id FROM output GROUP BY id HAVING count(*) > 1' },
      ],
    });

    const made = await run(lifecycle);

    expect(made).toMatchObject({ state: 'succeeded', output: 1, rows: 3, input: { dataset: 'meters', version: 1 } });
    expect(made.checks).toEqual([
      { name: 'areas', severity: 'error', passed: true, failed: 0 },
      { name: 'small', severity: 'warn', passed: false, failed: 1 },
      { name: 'unique', severity: 'error', passed: true, failed: 0 },
    ]);
    const { query } = await databaseOf<PreprocessingTables>(lifecycle, manifest);
    expect(await query.selectFrom('outbox').select(['type', 'sent_at']).execute()).toEqual([
      { type: 'dataset.cleaned', sent_at: expect.any(Number) },
    ]);
    expect(await sourceOf(lifecycle, { recipe: 'clean' })).toMatchObject({ dataset: 'meters', version: 1, output: 1 });
  });

  it('stores nothing when a check of severity error fails, and keeps the results', async () => {
    const checks: Recipe['checks'] = [{ name: 'positive', condition: 'power >= 0' }];
    const lifecycle = await withRecipe({ source: { dataset: 'meters' }, checks });

    const made = await run(lifecycle);

    // A missing value does not fulfil a condition.
    expect(made).toMatchObject({ state: 'failed', output: null, artifact: null });
    expect(made.checks).toEqual([{ name: 'positive', severity: 'error', passed: false, failed: 2 }]);
    await expect(lifecycle.ask('preprocessing', 'output', { recipe: 'clean' })).rejects.toMatchObject({
      code: 'resource_not_found',
    });
  });

  it.each([
    ['SELECT * FROM nowhere', 'nowhere'],
    ["SELECT * FROM read_text('/etc/passwd')", 'must not use the table function read_text'],
    ["SELECT * FROM '/etc/passwd.csv'", 'disabled by configuration'],
    ["SELECT * FROM input); COPY input TO '/etc/modelyard'; SELECT (1", 'must be one SELECT'],
    ['SELECT * FROM duckdb_settings()', 'must not use the table function duckdb_settings'],
  ])('refuses %s with one sentence', async (sql, reason) => {
    const lifecycle = await withRecipe({ source: { dataset: 'meters' }, sql });

    await expect(run(lifecycle)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(reason),
    });
  });

  it('refuses a check that shows the server', async () => {
    const checks = [{ name: 'paths', condition: "power = length(current_setting('temp_directory'))" }];
    const lifecycle = await withRecipe({ source: { dataset: 'meters' }, checks });

    await expect(run(lifecycle)).rejects.toMatchObject({
      code: 'invalid_input',
      message: 'The check paths cannot be run: It must not use the function current_setting.',
    });
  });

  it.each([
    [{ source: {} }, '/source'],
    [{ source: { dataset: 'a' }, query: 'SELECT 1' }, '/query'],
    [{ source: { dataset: 'a' }, columns: { b: { clip: [1] } } }, '/columns/b/clip'],
    [{ source: { dataset: 'a' }, checks: [{ name: 'x' }] }, '/checks/0'],
  ])('says what is wrong with %j', (recipe, pointer) => {
    expect(() => readRecipe(recipe)).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ pointer })] }),
    );
  });

  it.each([
    ['a column that the query lacks', { powr: { fill: 0 } }, '/columns/powr must be a column of the query'],
    ['a name that another column has', { power: { rename: 'id' } }, '/columns/power must not be a second column id'],
    ['the name of the line', { power: { rename: '_line' } }, 'must not be a second column _line'],
  ])('is refused for steps of %s', async (_, columns, reason) => {
    const lifecycle = await withRecipe({ source: { dataset: 'meters' }, columns });

    await expect(run(lifecycle)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(reason),
    });
  });

  it.each([
    [{ columns: { power: { rename: 5 } } }, '/columns/power/rename'],
    [{ columns: { power: { rename: '' } } }, '/columns/power/rename'],
    [{ columns: { power: { fill: ['1) FROM queried; SELECT (1'] } } }, '/columns/power/fill'],
    [{ columns: { power: { trim: 'yes' } } }, '/columns/power/trim'],
    [{ columns: { power: { clip: [5, 1] } } }, '/columns/power/clip'],
    [{ columns: { power: { constructor: 1 } } }, '/columns/power'],
    [{ checks: [{ name: 'x', condition: 'true', severty: 'warn' }] }, '/checks/0/severty'],
  ])('is refused as %j', (fields, pointer) => {
    const reading = () => readRecipe({ source: { dataset: 'meters' }, ...fields });

    expect(reading).toThrow(expect.objectContaining({ errors: [expect.objectContaining({ pointer })] }));
  });
});
