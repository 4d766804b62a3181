import { type Kysely, sql } from 'kysely';
import type { ModelVersionRow, TrainingTables } from '../tables.ts';
import { tagKey, whereAll } from './comparisons.ts';
import { parseFilter, parseOrder } from './filter.ts';
import { type Input, pageOf } from './input.ts';
import { invalid, missing } from './mlflow-error.ts';
import { deleteTag, type Endpoint, groupedBy, pair, setTags, type Tracking, tagsOf } from './tracking.ts';

const COLUMNS = {
  name: 'model',
  version_number: 'version',
  version: 'version',
  run_id: 'run_id',
  source_path: 'source',
  creation_timestamp: 'created_at',
  last_updated_timestamp: 'updated_at',
} as const;
const OWNER = sql<string>`model_versions.model || '/' || cast(model_versions.version as text)`;
const STAGES = ['None', 'Staging', 'Production', 'Archived'];

const ownerOf = ({ model, version }: Pick<ModelVersionRow, 'model' | 'version'>): string => `${model}/${version}`;

/** A version of a registered model. Throws `RESOURCE_DOES_NOT_EXIST`. */
export async function versionOf({ database }: Tracking, model: string, version: string): Promise<ModelVersionRow> {
  const number = Number(version);
  if (!Number.isSafeInteger(number)) throw invalid(`${version} is not the number of a version.`);
  const query = database.query.selectFrom('model_versions').selectAll().where('model', '=', model);
  const row = await query.where('version', '=', number).executeTakeFirst();
  if (!row) throw missing(`version ${version} of the registered model ${model}`);
  return row;
}

export async function presentVersions(tracking: Tracking, rows: readonly ModelVersionRow[]): Promise<object[]> {
  if (rows.length === 0) return [];
  const tags = await tagsOf(tracking, 'version', rows.map(ownerOf));
  const models = [...new Set(rows.map(({ model }) => model))];
  const found = await tracking.database.query.selectFrom('aliases').selectAll().where('model', 'in', models).execute();
  const aliases = groupedBy(found, ownerOf);
  return rows.map((row) => ({
    ...{ name: row.model, version: String(row.version), description: row.description },
    ...{ creation_timestamp: row.created_at, last_updated_timestamp: row.updated_at, user_id: row.user_id },
    ...{ current_stage: row.stage, source: row.source, run_id: row.run_id, status: 'READY' },
    ...(row.model_id === '' ? {} : { model_id: row.model_id }),
    tags: (tags.get(ownerOf(row)) ?? []).map(pair),
    aliases: (aliases.get(ownerOf(row)) ?? []).map(({ alias }) => alias).toSorted(),
  }));
}

/** The newest version of each stage. */
export async function latestVersions(tracking: Tracking, model: string): Promise<object[]> {
  const query = tracking.database.query.selectFrom('model_versions').selectAll().where('model', '=', model);
  const rows = await query.orderBy('version', 'desc').execute();
  const newest = new Map<string, ModelVersionRow>();
  for (const row of rows) if (!newest.has(row.stage)) newest.set(row.stage, row);
  return presentVersions(tracking, [...newest.values()]);
}

type NewVersion = Omit<ModelVersionRow, 'version' | 'stage' | 'created_at' | 'updated_at'> & { readonly now: number };

/** Adds a version with the number after the last. Concurrent callers never get the same. */
export async function insertVersion(
  query: Kysely<TrainingTables>,
  { now, ...values }: NewVersion,
): Promise<ModelVersionRow> {
  for (;;) {
    const last = await query
      .selectFrom('model_versions')
      .select(({ fn }) => fn.max('version').as('version'))
      .where('model', '=', values.model)
      .executeTakeFirst();
    const version = (last?.version ?? 0) + 1;
    const row: ModelVersionRow = { ...values, version, stage: 'None', created_at: now, updated_at: now };
    const { numInsertedOrUpdatedRows } = await query
      .insertInto('model_versions')
      .values(row)
      .onConflict((conflict) => conflict.columns(['model', 'version']).doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 1n) return row;
  }
}

const createVersion: Endpoint = async (tracking, input) => {
  const { query } = tracking.database;
  const [model, now] = [input.text('name'), tracking.clock.now()];
  const known = query.selectFrom('registered_models').select('name').where('name', '=', model);
  if (!(await known.executeTakeFirst())) throw missing(`registered model ${model}`);
  const row = await insertVersion(query, {
    ...{ model, description: input.optionalText('description') ?? '', source: input.text('source') },
    ...{ run_id: input.optionalText('run_id') ?? '', model_id: input.optionalText('model_id') ?? '' },
    ...{ user_id: tracking.user, now },
  });
  await setTags(query, 'version', ownerOf(row), input.pairs('tags'));
  return { model_version: (await presentVersions(tracking, [row]))[0] };
};

const requested = (tracking: Tracking, input: Input): Promise<ModelVersionRow> =>
  versionOf(tracking, input.text('name'), input.text('version'));

const getVersion: Endpoint = async (tracking, input) => ({
  model_version: (await presentVersions(tracking, [await requested(tracking, input)]))[0],
});

async function change(tracking: Tracking, row: ModelVersionRow, fields: Partial<ModelVersionRow>): Promise<object> {
  const changed = { ...row, ...fields, updated_at: tracking.clock.now() };
  const query = tracking.database.query.updateTable('model_versions').set(changed).where('model', '=', row.model);
  await query.where('version', '=', row.version).execute();
  return { model_version: (await presentVersions(tracking, [changed]))[0] };
}

const updateVersion: Endpoint = async (tracking, input) =>
  change(tracking, await requested(tracking, input), { description: input.optionalText('description') ?? '' });

const moveToStage: Endpoint = async (tracking, input) => {
  const stage = STAGES.find((name) => name.toLowerCase() === input.text('stage').toLowerCase());
  if (!stage) throw invalid(`The stage of a version is one of ${STAGES.join(', ')}.`);
  const row = await requested(tracking, input);
  if (`${input.json('archive_existing_versions')}` === 'true') {
    const others = tracking.database.query.updateTable('model_versions').where('model', '=', row.model);
    await others.where('stage', '=', stage).set({ stage: 'Archived' }).execute();
  }
  return change(tracking, row, { stage });
};

const deleteVersion: Endpoint = async (tracking, input) => {
  const { model, version } = await requested(tracking, input);
  await tracking.database.transaction(async (query) => {
    await query.deleteFrom('aliases').where('model', '=', model).where('version', '=', version).execute();
    await query.deleteFrom('model_versions').where('model', '=', model).where('version', '=', version).execute();
    await query.deleteFrom('tags').where('kind', '=', 'version').where('owner', '=', `${model}/${version}`).execute();
  });
  return {};
};

const searchVersions: Endpoint = async (tracking, input) => {
  const [size, offset] = [input.pageSize(), input.offset()];
  const comparisons = parseFilter(input.optionalText('filter')).map((each) =>
    each.kind === 'attribute' && COLUMNS[each.key as keyof typeof COLUMNS] === 'version'
      ? { ...each, value: Number(each.value) }
      : each,
  );
  let query = tracking.database.query
    .selectFrom('model_versions')
    .selectAll()
    .where(whereAll(comparisons, { attributes: COLUMNS, tags: { kind: 'version', owner: OWNER } }));
  for (const { key, direction } of input.texts('order_by').map(parseOrder)) {
    const column = Object.entries(COLUMNS).find(([name]) => name === key)?.[1];
    if (!column) throw invalid(`Versions cannot be ordered by ${key}.`);
    query = query.orderBy(column, direction);
  }
  const rows = await query
    .orderBy('updated_at', 'desc')
    .orderBy('model')
    .orderBy('version', 'desc')
    .limit(size + 1)
    .offset(offset)
    .execute();
  const page = pageOf(rows, offset, size);
  return { model_versions: await presentVersions(tracking, page.rows), ...page.next };
};

const downloadUri: Endpoint = async (tracking, input) => ({
  artifact_uri: (await requested(tracking, input)).source,
});

const setVersionTag: Endpoint = async (tracking, input) => {
  await setTags(tracking.database.query, 'version', ownerOf(await requested(tracking, input)), [tagKey(input)]);
  return {};
};

const deleteVersionTag: Endpoint = async (tracking, input) => {
  await deleteTag(tracking, 'version', ownerOf(await requested(tracking, input)), input.text('key'));
  return {};
};

export const VERSION_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'POST model-versions/create': createVersion,
  'GET model-versions/get': getVersion,
  'GET model-versions/search': searchVersions,
  'GET model-versions/get-download-uri': downloadUri,
  'PATCH model-versions/update': updateVersion,
  'POST model-versions/transition-stage': moveToStage,
  'DELETE model-versions/delete': deleteVersion,
  'POST model-versions/set-tag': setVersionTag,
  'DELETE model-versions/delete-tag': deleteVersionTag,
};
