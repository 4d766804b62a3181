import { randomUUID } from 'node:crypto';
import type { LoggedModelRow } from '../tables.ts';
import { whereAll } from './comparisons.ts';
import { parseFilter } from './filter.ts';
import { pageOf } from './input.ts';
import { missing } from './mlflow-error.ts';
import { deleteTag, type Endpoint, pair, setTags, type Tracking, tagsOf } from './tracking.ts';

const STATUSES: Readonly<Record<string, string>> = {
  1: 'LOGGED_MODEL_PENDING',
  2: 'LOGGED_MODEL_READY',
  3: 'LOGGED_MODEL_UPLOAD_FAILED',
};
const FILTERED = {
  attributes: {
    ...{ name: 'name', model_id: 'id', model_type: 'model_type', status: 'status', source_run_id: 'source_run_id' },
    ...{ creation_timestamp: 'created_at', last_updated_timestamp: 'updated_at' },
  },
  tags: { kind: 'logged-model', owner: 'logged_models.id' },
} as const;

async function modelOf({ database }: Tracking, id: string): Promise<LoggedModelRow> {
  const row = await database.query.selectFrom('logged_models').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw missing(`logged model ${id}`);
  return row;
}

async function presented(tracking: Tracking, rows: readonly LoggedModelRow[]): Promise<object[]> {
  const ids = rows.map(({ id }) => id);
  const tags = await tagsOf(tracking, 'logged-model', ids);
  return rows.map(({ id, experiment_id, name, source_run_id, status, model_type, params, ...times }) => ({
    info: {
      ...{ model_id: id, experiment_id, name, source_run_id, status, model_type },
      creation_timestamp_ms: times.created_at,
      last_updated_timestamp_ms: times.updated_at,
      artifact_uri: `mlflow-artifacts:/${experiment_id}/models/${id}/artifacts`,
      tags: (tags.get(id) ?? []).map(pair),
    },
    data: { params: JSON.parse(params), metrics: [] },
  }));
}

const createModel: Endpoint = async (tracking, input) => {
  const now = tracking.clock.now();
  const id = `m-${randomUUID().replaceAll('-', '')}`;
  const row: LoggedModelRow = {
    ...{ id, experiment_id: input.text('experiment_id'), name: input.optionalText('name') || id },
    source_run_id: input.optionalText('source_run_id') ?? '',
    status: 'LOGGED_MODEL_PENDING',
    model_type: input.optionalText('model_type') ?? '',
    params: JSON.stringify(input.pairs('params')),
    created_at: now,
    updated_at: now,
  };
  await tracking.database.query.insertInto('logged_models').values(row).execute();
  await setTags(tracking.database.query, 'logged-model', id, input.pairs('tags'));
  return { model: (await presented(tracking, [row]))[0] };
};

const getModel: Endpoint = async (tracking, input) => ({
  model: (await presented(tracking, [await modelOf(tracking, input.text('model_id'))]))[0],
});

async function change(tracking: Tracking, row: LoggedModelRow, fields: Partial<LoggedModelRow>): Promise<object> {
  const changed = { ...row, ...fields, updated_at: tracking.clock.now() };
  await tracking.database.query.updateTable('logged_models').set(changed).where('id', '=', row.id).execute();
  return { model: (await presented(tracking, [changed]))[0] };
}

const finalizeModel: Endpoint = async (tracking, input) => {
  const given = input.text('status');
  return change(tracking, await modelOf(tracking, input.text('model_id')), { status: STATUSES[given] ?? given });
};

const logParams: Endpoint = async (tracking, input) => {
  const row = await modelOf(tracking, input.text('model_id'));
  await change(tracking, row, { params: JSON.stringify([...JSON.parse(row.params), ...input.pairs('params')]) });
  return {};
};

const setModelTags: Endpoint = async (tracking, input) => {
  const row = await modelOf(tracking, input.text('model_id'));
  await setTags(tracking.database.query, 'logged-model', row.id, input.pairs('tags'));
  return { model: (await presented(tracking, [row]))[0] };
};

const removeTag: Endpoint = async (tracking, input) => {
  await deleteTag(tracking, 'logged-model', input.text('model_id'), input.text('tag_key'));
  return {};
};

const deleteModel: Endpoint = async (tracking, input) => {
  const { id } = await modelOf(tracking, input.text('model_id'));
  await tracking.database.query.deleteFrom('logged_models').where('id', '=', id).execute();
  return {};
};

const searchModels: Endpoint = async (tracking, input) => {
  const [size, offset] = [input.pageSize(100), input.offset()];
  const experiments = input.texts('experiment_ids');
  if (experiments.length === 0) return { models: [] };
  const rows = await tracking.database.query
    .selectFrom('logged_models')
    .selectAll()
    .where('experiment_id', 'in', experiments)
    .where(whereAll(parseFilter(input.optionalText('filter')), FILTERED))
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(size + 1)
    .offset(offset)
    .execute();
  const page = pageOf(rows, offset, size);
  return { models: await presented(tracking, page.rows), ...page.next };
};

/** Names in braces become parameters. */
export const LOGGED_MODEL_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'POST logged-models': createModel,
  'POST logged-models/search': searchModels,
  'GET logged-models/{model_id}': getModel,
  'PATCH logged-models/{model_id}': finalizeModel,
  'DELETE logged-models/{model_id}': deleteModel,
  'POST logged-models/{model_id}/params': logParams,
  'PATCH logged-models/{model_id}/tags': setModelTags,
  'DELETE logged-models/{model_id}/tags/{tag_key}': removeTag,
};
