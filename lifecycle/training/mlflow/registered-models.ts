import { sql } from 'kysely';
import type { RegisteredModelRow } from '../tables.ts';
import { tagKey, whereAll } from './comparisons.ts';
import { parseFilter, parseOrder } from './filter.ts';
import { pageOf } from './input.ts';
import { invalid, MlflowError, missing } from './mlflow-error.ts';
import { latestVersions, presentVersions, versionOf } from './model-versions.ts';
import { deleteTag, type Endpoint, groupedBy, pair, setTags, type Tracking, tagsOf } from './tracking.ts';

const COLUMNS = { name: 'name', creation_timestamp: 'created_at', last_updated_timestamp: 'updated_at' } as const;
const FILTERED = { attributes: COLUMNS, tags: { kind: 'model', owner: 'registered_models.name' } } as const;
const ALIAS = /^[A-Za-z0-9][\w-]{0,254}$/;
/** `models:/name/3` must stay a version. */
const VERSION_LIKE = /^(v?\d+|latest)$/i;

async function modelOf({ database }: Tracking, name: string): Promise<RegisteredModelRow> {
  const query = database.query.selectFrom('registered_models').selectAll().where('name', '=', name);
  const row = await query.executeTakeFirst();
  if (!row) throw missing(`registered model ${name}`);
  return row;
}

async function presented(tracking: Tracking, rows: readonly RegisteredModelRow[]): Promise<object[]> {
  const names = rows.map(({ name }) => name);
  if (names.length === 0) return [];
  const tags = await tagsOf(tracking, 'model', names);
  const query = tracking.database.query.selectFrom('aliases').selectAll().where('model', 'in', names);
  const aliases = groupedBy(await query.orderBy('alias').execute(), ({ model }) => model);
  const latest = await Promise.all(names.map((name) => latestVersions(tracking, name)));
  return rows.map(({ name, description, created_at, updated_at }, index) => ({
    ...{ name, description, creation_timestamp: created_at, last_updated_timestamp: updated_at },
    latest_versions: latest[index],
    tags: (tags.get(name) ?? []).map(pair),
    aliases: (aliases.get(name) ?? []).map(({ alias, version }) => ({ alias, version: String(version) })),
  }));
}

const createModel: Endpoint = async (tracking, input) => {
  const [name, now] = [input.text('name'), tracking.clock.now()];
  const row = { name, description: input.optionalText('description') ?? '', created_at: now, updated_at: now };
  const { numInsertedOrUpdatedRows } = await tracking.database.query
    .insertInto('registered_models')
    .values(row)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 0n) {
    throw new MlflowError('RESOURCE_ALREADY_EXISTS', `There is a registered model ${name} already.`);
  }
  await setTags(tracking.database.query, 'model', name, input.pairs('tags'));
  return { registered_model: (await presented(tracking, [row]))[0] };
};

const getModel: Endpoint = async (tracking, input) => {
  const row = await modelOf(tracking, input.text('name'));
  return { registered_model: (await presented(tracking, [row]))[0] };
};

const updateModel: Endpoint = async (tracking, input) => {
  const row = await modelOf(tracking, input.text('name'));
  const changed = { ...row, description: input.optionalText('description') ?? '', updated_at: tracking.clock.now() };
  await tracking.database.query.updateTable('registered_models').set(changed).where('name', '=', row.name).execute();
  return { registered_model: (await presented(tracking, [changed]))[0] };
};

const renameModel: Endpoint = async (tracking, input) => {
  const row = await modelOf(tracking, input.text('name'));
  const name = input.text('new_name');
  await tracking.database.transaction(async (query) => {
    await query.updateTable('registered_models').set({ name }).where('name', '=', row.name).execute();
    await query.updateTable('model_versions').set({ model: name }).where('model', '=', row.name).execute();
    await query.updateTable('aliases').set({ model: name }).where('model', '=', row.name).execute();
    const tags = query.updateTable('tags').where('kind', '=', 'model').where('owner', '=', row.name);
    await tags.set({ owner: name }).execute();
    await query
      .updateTable('tags')
      .set({ owner: sql<string>`${`${name}/`} || substr(owner, ${row.name.length + 2})` })
      .where('kind', '=', 'version')
      .where(sql<boolean>`substr(owner, 1, ${row.name.length + 1}) = ${`${row.name}/`}`)
      .execute();
  });
  return { registered_model: (await presented(tracking, [{ ...row, name }]))[0] };
};

const deleteModel: Endpoint = async (tracking, input) => {
  const { name } = await modelOf(tracking, input.text('name'));
  await tracking.database.transaction(async (query) => {
    await query.deleteFrom('aliases').where('model', '=', name).execute();
    await query.deleteFrom('model_versions').where('model', '=', name).execute();
    await query.deleteFrom('tags').where('kind', '=', 'model').where('owner', '=', name).execute();
    await query.deleteFrom('registered_models').where('name', '=', name).execute();
  });
  return {};
};

const searchModels: Endpoint = async (tracking, input) => {
  const [size, offset] = [input.pageSize(100), input.offset()];
  let query = tracking.database.query.selectFrom('registered_models').selectAll();
  query = query.where(whereAll(parseFilter(input.optionalText('filter')), FILTERED));
  for (const { key, direction } of input.texts('order_by').map(parseOrder)) {
    const column = Object.entries(COLUMNS).find(([name]) => name === key)?.[1];
    if (!column) throw invalid(`Registered models cannot be ordered by ${key}.`);
    query = query.orderBy(column, direction);
  }
  const rows = await query
    .orderBy('name')
    .limit(size + 1)
    .offset(offset)
    .execute();
  const page = pageOf(rows, offset, size);
  return { registered_models: await presented(tracking, page.rows), ...page.next };
};

const setModelTag: Endpoint = async (tracking, input) => {
  const { name } = await modelOf(tracking, input.text('name'));
  await setTags(tracking.database.query, 'model', name, [tagKey(input)]);
  return {};
};

const deleteModelTag: Endpoint = async (tracking, input) => {
  await deleteTag(tracking, 'model', input.text('name'), input.text('key'));
  return {};
};

const setAlias: Endpoint = async (tracking, input) => {
  const [model, alias] = [input.text('name'), input.text('alias')];
  if (!ALIAS.test(alias) || VERSION_LIKE.test(alias)) throw invalid(`${alias} cannot be an alias.`);
  const { version } = await versionOf(tracking, model, input.text('version'));
  await tracking.database.query
    .insertInto('aliases')
    .values({ model, alias, version })
    .onConflict((conflict) => conflict.columns(['model', 'alias']).doUpdateSet({ version }))
    .execute();
  return {};
};

const deleteAlias: Endpoint = async ({ database }, input) => {
  const query = database.query.deleteFrom('aliases').where('model', '=', input.text('name'));
  await query.where('alias', '=', input.text('alias')).execute();
  return {};
};

const versionByAlias: Endpoint = async (tracking, input) => {
  const [model, alias] = [input.text('name'), input.text('alias')];
  const query = tracking.database.query.selectFrom('aliases').selectAll().where('model', '=', model);
  const row = await query.where('alias', '=', alias).executeTakeFirst();
  if (!row) throw invalid(`The registered model ${model} has no alias ${alias}.`);
  const version = await versionOf(tracking, model, String(row.version));
  return { model_version: (await presentVersions(tracking, [version]))[0] };
};

const latest: Endpoint = async (tracking, input) => ({
  model_versions: await latestVersions(tracking, (await modelOf(tracking, input.text('name'))).name),
});

export const MODEL_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'POST registered-models/create': createModel,
  'GET registered-models/get': getModel,
  'GET registered-models/search': searchModels,
  'PATCH registered-models/update': updateModel,
  'POST registered-models/rename': renameModel,
  'DELETE registered-models/delete': deleteModel,
  'POST registered-models/set-tag': setModelTag,
  'DELETE registered-models/delete-tag': deleteModelTag,
  'POST registered-models/alias': setAlias,
  'DELETE registered-models/alias': deleteAlias,
  'GET registered-models/alias': versionByAlias,
  'GET registered-models/get-latest-versions': latest,
  'POST registered-models/get-latest-versions': latest,
};
