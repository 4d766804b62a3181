import { v7 as uuidV7 } from 'uuid';
import type { ExperimentRow, LifecycleStage } from '../tables.ts';
import { tagKey, whereAll } from './comparisons.ts';
import { parseFilter, parseOrder } from './filter.ts';
import { type Input, pageOf } from './input.ts';
import { invalid, MlflowError, missing } from './mlflow-error.ts';
import { deleteTag, type Endpoint, pair, setTags, type Tracking, tagsOf } from './tracking.ts';

const COLUMNS = {
  name: 'name',
  experiment_id: 'id',
  creation_time: 'created_at',
  last_update_time: 'updated_at',
} as const;

const FILTERED = { attributes: COLUMNS, tags: { kind: 'experiment', owner: 'experiments.id' } } as const;

async function presented(tracking: Tracking, rows: readonly ExperimentRow[]): Promise<object[]> {
  const ids = rows.map(({ id }) => id);
  const tags = await tagsOf(tracking, 'experiment', ids);
  return rows.map(({ id, name, artifact_location, lifecycle_stage, created_at, updated_at }) => ({
    experiment_id: id,
    ...{ name, artifact_location, lifecycle_stage, creation_time: created_at, last_update_time: updated_at },
    tags: (tags.get(id) ?? []).map(pair),
  }));
}

/** An experiment, deleted or not. Throws `RESOURCE_DOES_NOT_EXIST`. */
export async function experimentOf({ database }: Tracking, id: string): Promise<ExperimentRow> {
  const row = await database.query.selectFrom('experiments').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw missing(`experiment ${id}`);
  return row;
}

const createExperiment: Endpoint = async (tracking, input) => {
  const [id, name, now] = [uuidV7(), input.text('name'), tracking.clock.now()];
  const location = input.optionalText('artifact_location') || `mlflow-artifacts:/${id}`;
  const times = { created_at: now, updated_at: now };
  const { numInsertedOrUpdatedRows } = await tracking.database.query
    .insertInto('experiments')
    .values({ id, name, artifact_location: location, lifecycle_stage: 'active', ...times })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 0n) {
    throw new MlflowError('RESOURCE_ALREADY_EXISTS', `There is an experiment ${name} already.`);
  }
  await setTags(tracking.database.query, 'experiment', id, input.pairs('tags'));
  return { experiment_id: id };
};

const getExperiment: Endpoint = async (tracking, input) => {
  const row = await experimentOf(tracking, input.text('experiment_id'));
  return { experiment: (await presented(tracking, [row]))[0] };
};

const getByName: Endpoint = async (tracking, input) => {
  const name = input.text('experiment_name');
  const query = tracking.database.query.selectFrom('experiments').selectAll().where('name', '=', name);
  const row = await query.executeTakeFirst();
  if (!row) throw missing(`experiment ${name}`);
  return { experiment: (await presented(tracking, [row]))[0] };
};

const searchExperiments: Endpoint = async (tracking, input) => {
  const [size, offset] = [input.pageSize(), input.offset()];
  const comparisons = parseFilter(input.optionalText('filter'));
  const orders = input.texts('order_by').map(parseOrder);
  let query = tracking.database.query.selectFrom('experiments').selectAll();
  const stages = stagesOf(input.optionalText('view_type'));
  query = query.where('lifecycle_stage', 'in', stages).where(whereAll(comparisons, FILTERED));
  for (const { key, direction } of orders) query = query.orderBy(columnOf(key), direction);
  if (orders.length === 0) query = query.orderBy('updated_at', 'desc');
  const rows = await query
    .orderBy('id')
    .limit(size + 1)
    .offset(offset)
    .execute();
  const page = pageOf(rows, offset, size);
  return { experiments: await presented(tracking, page.rows), ...page.next };
};

function columnOf(key: string): (typeof COLUMNS)[keyof typeof COLUMNS] {
  const column = Object.entries(COLUMNS).find(([name]) => name === key)?.[1];
  if (!column) throw invalid(`Experiments cannot be ordered by ${key}.`);
  return column;
}

/** What a `view_type` shows. */
export function stagesOf(viewType = 'ACTIVE_ONLY'): readonly LifecycleStage[] {
  const all: readonly LifecycleStage[] = ['active', 'deleted'];
  return viewType === 'ALL' || viewType === '3' ? all : [viewType.startsWith('DELETED') ? 'deleted' : 'active'];
}

const moved =
  (stage: LifecycleStage): Endpoint =>
  async (tracking, input) => {
    const { id } = await experimentOf(tracking, input.text('experiment_id'));
    await change(tracking, id, { lifecycle_stage: stage });
    return {};
  };

const updateExperiment: Endpoint = async (tracking, input) => {
  const { id } = await experimentOf(tracking, input.text('experiment_id'));
  await change(tracking, id, { name: input.text('new_name') });
  return {};
};

async function change({ database, clock }: Tracking, id: string, fields: Partial<ExperimentRow>): Promise<void> {
  const set = { ...fields, updated_at: clock.now() };
  await database.query.updateTable('experiments').set(set).where('id', '=', id).execute();
}

const setTag: Endpoint = async (tracking, input) => {
  const { id } = await experimentOf(tracking, input.text('experiment_id'));
  await setTags(tracking.database.query, 'experiment', id, [tagKey(input)]);
  return {};
};

const removeTag: Endpoint = async (tracking, input: Input) => {
  const { id } = await experimentOf(tracking, input.text('experiment_id'));
  await deleteTag(tracking, 'experiment', id, input.text('key'));
  return {};
};

export const EXPERIMENT_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'POST experiments/create': createExperiment,
  'GET experiments/get': getExperiment,
  'GET experiments/get-by-name': getByName,
  'GET experiments/search': searchExperiments,
  'POST experiments/search': searchExperiments,
  'POST experiments/delete': moved('deleted'),
  'POST experiments/restore': moved('active'),
  'POST experiments/update': updateExperiment,
  'POST experiments/set-experiment-tag': setTag,
  'POST experiments/delete-experiment-tag': removeTag,
};
