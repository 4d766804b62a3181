import { join } from 'node:path';
import type { Selectable } from 'kysely';
import { columnNames, quoted, type Tables } from '#adapters/duckdb/tables.ts';
import { type JsonObject, ModelyardError } from '#core';
import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { versionNumber } from '../names.ts';
import { addEvent } from '../outbox.ts';
import { openWorkbench } from '../scratch.ts';
import type { StageRun } from '../service.ts';
import { checkQuery } from './check-query.ts';
import { manifest } from './manifest.ts';
import { outputColumns, type Recipe, violations } from './recipe.ts';
import type { PreprocessingTables } from './tables.ts';

export type RunRow = Selectable<PreprocessingTables['runs']>;

export const openRecipes = (lifecycle: Pick<Lifecycle, 'stores'>) =>
  databaseOf<PreprocessingTables>(lifecycle, manifest);

/** Rejects with `resource_not_found`. */
export async function findRecipe(lifecycle: Pick<Lifecycle, 'stores'>, name: string) {
  const { query } = await openRecipes(lifecycle);
  const row = await query.selectFrom('recipes').selectAll().where('name', '=', name).executeTakeFirst();
  if (row) return { ...row, definition: JSON.parse(row.definition) as Recipe };
  throw new ModelyardError('resource_not_found', `There is no recipe ${name}.`);
}

interface CheckResult {
  readonly name: string;
  readonly severity: 'error' | 'warn';
  readonly passed: boolean;
  /** Rows that violate it. */
  readonly failed: number;
}

/**
 * Runs a recipe on a version of its dataset. A failed check of severity `error` stops it before anything is stored; the
 * results of all checks are kept.
 */
export async function runRecipe(lifecycle: Lifecycle, args: JsonObject, run: StageRun): Promise<JsonObject> {
  const recipe = await findRecipe(lifecycle, String(args.recipe));
  const { source, sql, columns, checks = [] } = recipe.definition;
  const version = args.version ?? source.version;
  const asked = { dataset: source.dataset, ...(version === undefined ? {} : { version }) };
  const input = await lifecycle.ask('ingestion', 'version', asked);
  const { artifacts } = lifecycle.stores;
  const files = await Promise.all((input.parts as string[]).map((hash) => artifacts.fileOf(hash)));

  await using bench = await openWorkbench(lifecycle, run.signal);
  const { tables } = bench;
  await tables.run(`CREATE TABLE input AS SELECT * FROM read_parquet([${files.map(quoted).join(', ')}])`);
  // The SQL below comes from users.
  await tables.confine([`${bench.folder}/`]);
  await running('The query of the recipe', async () => {
    const query = `SELECT * FROM (${sql ?? 'SELECT * FROM input'}\n)`;
    await checkQuery(tables, query);
    await tables.run(`CREATE TABLE queried AS ${query}`);
    await tables.run(`CREATE TABLE output AS SELECT ${outputColumns(await namesOf(tables), columns)} FROM queried`);
  });
  const results: CheckResult[] = [];
  for (const check of checks) {
    const query = violations(check);
    const [row] = await running(`The check ${check.name}`, async () => {
      await checkQuery(tables, query);
      return tables.rows(query);
    });
    const failed = Number(row?.failed);
    results.push({ name: check.name, severity: check.severity ?? 'error', passed: failed === 0, failed });
  }
  const isFailed = results.some(({ severity, passed }) => severity === 'error' && !passed);
  const [count] = await tables.rows('SELECT count(*) AS rows FROM output');
  const path = join(bench.folder, 'output.parquet');
  if (!isFailed) await tables.run(`COPY output TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
  const kept = await keep(lifecycle, {
    ...{ id: run.taskId, recipe: recipe.name, recipe_version: recipe.version },
    ...{ dataset: source.dataset, dataset_version: Number(input.version) },
    ...{ state: isFailed ? 'failed' : 'succeeded', output: null },
    ...{ hash: isFailed ? null : (await artifacts.putFile(path)).hash, rows: Number(count?.rows) },
    ...{ checks: JSON.stringify(results), created_at: lifecycle.platform.clock.now(), created_by: run.owner },
  });
  return presentRun(kept);
}

/** The recipe and the version of the dataset that a run would use now. */
export async function recipeInputs(lifecycle: Lifecycle, args: JsonObject): Promise<JsonObject> {
  const { version, definition } = await findRecipe(lifecycle, String(args.recipe));
  const wanted = args.version ?? definition.source.version;
  const asked = { dataset: definition.source.dataset, ...(wanted === undefined ? {} : { version: wanted }) };
  const input = await lifecycle.ask('ingestion', 'version', asked);
  return { recipe_version: version, dataset_version: input.version };
}

/** The columns of the query. Lineage needs `_file` and `_line`, so they are there even when the query drops them. */
async function namesOf(tables: Tables): Promise<readonly string[]> {
  const names = await columnNames(tables, 'queried');
  if (!names.includes('_line')) await tables.run('ALTER TABLE queried ADD COLUMN _line BIGINT');
  if (!names.includes('_file')) await tables.run('ALTER TABLE queried ADD COLUMN _file VARCHAR');
  return [...new Set([...names, '_line', '_file'])];
}

/** Names what is at fault. Other errors are not those of the recipe. */
async function running<T>(what: string, query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (cause) {
    if (!(cause instanceof ModelyardError)) throw cause;
    throw new ModelyardError('invalid_input', `${what} cannot be run: ${cause.message}`, { cause });
  }
}

/** A repeated run of the task finds the row and changes nothing. */
async function keep(lifecycle: Lifecycle, row: RunRow): Promise<RunRow> {
  const database = await openRecipes(lifecycle);
  return database.transaction(async (transaction) => {
    const known = await transaction.selectFrom('runs').selectAll().where('id', '=', row.id).executeTakeFirst();
    if (known) return known;
    if (row.state === 'failed') {
      await transaction.insertInto('runs').values(row).execute();
      return row;
    }
    const { last_output: output } = await transaction
      .updateTable('recipes')
      .set(({ eb }) => ({ last_output: eb('last_output', '+', 1) }))
      .where('name', '=', row.recipe)
      .returning('last_output')
      .executeTakeFirstOrThrow();
    const kept = { ...row, output };
    await transaction.insertInto('runs').values(kept).execute();
    const payload = { recipe: row.recipe, output, dataset: row.dataset, version: row.dataset_version };
    await addEvent(transaction, { type: 'dataset.cleaned', owner: row.created_by, payload, at: row.created_at });
    return kept;
  });
}

/** A run as the API shows it. */
export function presentRun(row: RunRow): JsonObject {
  const checks = JSON.parse(row.checks) as readonly CheckResult[];
  const broken = checks.find(({ severity, passed }) => severity === 'error' && !passed);
  return {
    id: row.id,
    recipe: row.recipe,
    recipe_version: row.recipe_version,
    input: { dataset: row.dataset, version: row.dataset_version },
    state: row.state,
    output: row.output,
    artifact: row.hash,
    rows: row.rows,
    checks: JSON.parse(row.checks),
    reason: broken ? `The check ${broken.name} fails for ${broken.failed} of ${row.rows} rows.` : null,
    created_at: new Date(row.created_at).toISOString(),
    created_by: row.created_by,
  };
}

/** The query `output`: `{recipe, version?}`, the newest by default. Rejects with `resource_not_found`. */
export async function findOutput(lifecycle: Lifecycle, { recipe, version }: JsonObject): Promise<JsonObject> {
  const { query } = await openRecipes(lifecycle);
  const found = await query
    .selectFrom('runs')
    .selectAll()
    .where('recipe', '=', String(recipe))
    .where('state', '=', 'succeeded')
    .$if(version !== undefined, (selected) => selected.where('output', '=', versionNumber(version)))
    .orderBy('output', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!found) throw new ModelyardError('resource_not_found', `The recipe ${String(recipe)} has no such output.`);
  const { dataset, dataset_version, output, hash } = found;
  return { dataset, dataset_version, version: output, parts: [hash] };
}
