import type { JsonObject } from '#core';
import { ModelyardError } from '#core';
import { MlflowError } from './mlflow/mlflow-error.ts';
import { versionOf } from './mlflow/model-versions.ts';
import { groupedBy, type Tracking, tagsOf } from './mlflow/tracking.ts';
import type { ModelVersionRow } from './tables.ts';

const MAX_VERSIONS = 1000;
const FACT = 'modelyard.';

/** The versions of a model, newest first, with the facts of their training. */
export async function listVersions(tracking: Tracking, model: string): Promise<readonly JsonObject[]> {
  const query = tracking.database.query.selectFrom('model_versions').selectAll().where('model', '=', model);
  return presented(tracking, await query.orderBy('version', 'desc').limit(MAX_VERSIONS).execute());
}

/** One version, by its number or by an alias such as `champion`. Rejects with `resource_not_found`. */
export async function describeVersion(tracking: Tracking, model: string, version: string): Promise<JsonObject> {
  try {
    const number = /^\d+$/.test(version) ? version : await versionByAlias(tracking, model, version);
    const [described] = await presented(tracking, [await versionOf(tracking, model, number)]);
    return described as JsonObject;
  } catch (error) {
    if (!(error instanceof MlflowError)) throw error;
    throw new ModelyardError('resource_not_found', error.message, { cause: error });
  }
}

/** The versions whose training set is one of these artifacts. */
export async function versionsTrainedOn(
  { database }: Tracking,
  hashes: readonly string[],
): Promise<readonly JsonObject[]> {
  if (hashes.length === 0) return [];
  const rows = await database.query
    .selectFrom('tags')
    .select('owner')
    .where('kind', '=', 'version')
    .where('key', '=', `${FACT}data_hash`)
    .where('value', 'in', hashes)
    .orderBy('owner')
    .limit(MAX_VERSIONS)
    .execute();
  return rows.map(({ owner }) => {
    const at = owner.lastIndexOf('/');
    return { model: owner.slice(0, at), version: owner.slice(at + 1) };
  });
}

async function versionByAlias({ database }: Tracking, model: string, alias: string): Promise<string> {
  const query = database.query.selectFrom('aliases').select('version').where('model', '=', model);
  const row = await query.where('alias', '=', alias).executeTakeFirst();
  if (row) return String(row.version);
  throw new ModelyardError('resource_not_found', `The model ${model} has no version ${alias}.`);
}

interface Pointer {
  readonly model: string;
  readonly alias: string;
  readonly version: number;
}

/** Moves an alias to a version. */
export async function pointAlias({ database }: Tracking, { model, alias, version }: Pointer): Promise<void> {
  await database.query
    .insertInto('aliases')
    .values({ model, alias, version })
    .onConflict((conflict) => conflict.columns(['model', 'alias']).doUpdateSet({ version }))
    .execute();
}

async function presented(tracking: Tracking, rows: readonly ModelVersionRow[]): Promise<readonly JsonObject[]> {
  if (rows.length === 0) return [];
  const { query } = tracking.database;
  const models = [...new Set(rows.map(({ model }) => model))];
  const aliases = groupedBy(
    await query.selectFrom('aliases').selectAll().where('model', 'in', models).execute(),
    ({ model, version }) => `${model}/${version}`,
  );
  const tags = await tagsOf(
    tracking,
    'version',
    rows.map(({ model, version }) => `${model}/${version}`),
  );
  const runs = rows.map(({ run_id }) => run_id);
  const metrics = groupedBy(
    await query.selectFrom('latest_metrics').selectAll().where('run_id', 'in', runs).execute(),
    ({ run_id }) => run_id,
  );
  return rows.map((row) => {
    const owner = `${row.model}/${row.version}`;
    const facts = (tags.get(owner) ?? []).filter(({ key }) => key.startsWith(FACT));
    return {
      ...{ model: row.model, version: String(row.version), source: row.source, run: row.run_id, user: row.user_id },
      created_at: new Date(row.created_at).toISOString(),
      aliases: (aliases.get(owner) ?? []).map(({ alias }) => alias).toSorted(),
      metrics: Object.fromEntries((metrics.get(row.run_id) ?? []).map(({ key, value }) => [key, value])),
      facts: Object.fromEntries(facts.map(({ key, value }) => [key.slice(FACT.length), value])),
    };
  });
}
