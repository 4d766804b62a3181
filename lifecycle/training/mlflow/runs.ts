import { randomUUID } from 'node:crypto';
import type { LifecycleStage, RunRow } from '../tables.ts';
import { tagKey } from './comparisons.ts';
import { experimentOf } from './experiments.ts';
import type { Input } from './input.ts';
import { invalid, missing } from './mlflow-error.ts';
import { logValues, metricHistory, metricOf, presentMetric } from './run-values.ts';
import { deleteTag, type Endpoint, groupedBy, pair, type Tracking, tagsOf } from './tracking.ts';

const STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'];
const RUN_NAME_TAG = 'mlflow.runName';
const MODELS_TAG = 'mlflow.log-model.history';

/** A run, deleted or not. Throws `RESOURCE_DOES_NOT_EXIST`. */
export async function runOf({ database }: Pick<Tracking, 'database'>, id: string): Promise<RunRow> {
  const row = await database.query.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw missing(`run ${id}`);
  return row;
}

const runId = (input: Input): string => input.optionalText('run_id') || input.text('run_uuid');

const infoOf = ({ id, experiment_id, name, user_id, status, start_time, end_time, lifecycle_stage }: RunRow) => ({
  ...{ run_id: id, run_uuid: id, run_name: name, experiment_id, user_id, status, start_time, lifecycle_stage },
  ...(end_time === null ? {} : { end_time }),
  artifact_uri: artifactUriOf({ id, experiment_id }),
});

/** Where the client puts the artifacts of a run. */
const artifactUriOf = ({ id, experiment_id }: Pick<RunRow, 'id' | 'experiment_id'>): string =>
  `mlflow-artifacts:/${experiment_id}/${id}/artifacts`;

/** Runs with their newest metrics, parameters and tags. */
export async function presentRuns(tracking: Tracking, rows: readonly RunRow[]): Promise<object[]> {
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return [];
  const { query } = tracking.database;
  const metrics = await query.selectFrom('latest_metrics').selectAll().where('run_id', 'in', ids).execute();
  const params = await query.selectFrom('params').selectAll().where('run_id', 'in', ids).orderBy('key').execute();
  const metricsOf = groupedBy(metrics, ({ run_id }) => run_id);
  const paramsOf = groupedBy(params, ({ run_id }) => run_id);
  const tags = await tagsOf(tracking, 'run', ids);
  return rows.map((row) => ({
    info: infoOf(row),
    data: {
      metrics: (metricsOf.get(row.id) ?? []).map(presentMetric),
      params: (paramsOf.get(row.id) ?? []).map(pair),
      tags: (tags.get(row.id) ?? []).map(pair),
    },
    inputs: JSON.parse(row.inputs),
    outputs: JSON.parse(row.outputs),
  }));
}

const createRun: Endpoint = async (tracking, input) => {
  const experiment = await experimentOf(tracking, input.optionalText('experiment_id') || '0');
  if (experiment.lifecycle_stage !== 'active') throw invalid(`The experiment ${experiment.id} is deleted.`);
  const id = randomUUID().replaceAll('-', '');
  const tags = input.pairs('tags');
  const named = tags.find(({ key }) => key === RUN_NAME_TAG)?.value;
  const name = input.optionalText('run_name') || named || `run-${id.slice(0, 8)}`;
  const row: RunRow = {
    ...{ id, experiment_id: experiment.id, name },
    user_id: input.optionalText('user_id') || tracking.user,
    status: 'RUNNING',
    start_time: input.integer('start_time') ?? tracking.clock.now(),
    end_time: null,
    lifecycle_stage: 'active',
    inputs: '{}',
    outputs: '{}',
  };
  await tracking.database.query.insertInto('runs').values(row).execute();
  await logValues(tracking, id, { tags: [...tags, { key: RUN_NAME_TAG, value: name }] });
  return { run: (await presentRuns(tracking, [row]))[0] };
};

const getRun: Endpoint = async (tracking, input) => {
  const row = await runOf(tracking, runId(input));
  return { run: (await presentRuns(tracking, [row]))[0] };
};

const updateRun: Endpoint = async (tracking, input) => {
  const row = await runOf(tracking, runId(input));
  const status = input.optionalText('status') || row.status;
  if (!STATUSES.includes(status)) throw invalid(`The status of a run is one of ${STATUSES.join(', ')}.`);
  const name = input.optionalText('run_name') || row.name;
  const changed = { ...row, status, name, end_time: input.integer('end_time') ?? row.end_time };
  await change(tracking, changed);
  if (name !== row.name) await logValues(tracking, row.id, { tags: [{ key: RUN_NAME_TAG, value: name }] });
  return { run_info: infoOf(changed) };
};

const change = async ({ database }: Tracking, { id, ...fields }: RunRow) => {
  await database.query.updateTable('runs').set(fields).where('id', '=', id).execute();
};

const moved =
  (lifecycle_stage: LifecycleStage): Endpoint =>
  async (tracking, input) => {
    await change(tracking, { ...(await runOf(tracking, runId(input))), lifecycle_stage });
    return {};
  };

/** Values are added to runs that are not deleted. */
async function openRun(tracking: Tracking, input: Input): Promise<string> {
  const { id, lifecycle_stage } = await runOf(tracking, runId(input));
  if (lifecycle_stage !== 'active') throw invalid(`The run ${id} is deleted.`);
  return id;
}

const logMetric: Endpoint = async (tracking, input) => {
  await logValues(tracking, await openRun(tracking, input), { metrics: [metricOf(input, tracking.clock.now())] });
  return {};
};

const logParam: Endpoint = async (tracking, input) => {
  await logValues(tracking, await openRun(tracking, input), { params: [tagKey(input)] });
  return {};
};

const setTag: Endpoint = async (tracking, input) => {
  await logValues(tracking, await openRun(tracking, input), { tags: [tagKey(input)] });
  return {};
};

const removeTag: Endpoint = async (tracking, input) => {
  const id = await openRun(tracking, input);
  await deleteTag(tracking, 'run', id, input.text('key'));
  return {};
};

const logBatch: Endpoint = async (tracking, input) => {
  const now = tracking.clock.now();
  await logValues(tracking, await openRun(tracking, input), {
    params: input.pairs('params'),
    tags: input.pairs('tags'),
    metrics: input.objects('metrics').map((each) => metricOf(each, now)),
  });
  return {};
};

/** Clients before 3.0 keep the models of a run in a tag, the newest one last. */
const logModel: Endpoint = async (tracking, input) => {
  const id = await openRun(tracking, input);
  const logged = jsonIn(input.text('model_json'));
  const tags = (await tagsOf(tracking, 'run', [id])).get(id) ?? [];
  const before = jsonIn(tags.find(({ key }) => key === MODELS_TAG)?.value ?? '[]');
  const models = [...(Array.isArray(before) ? before : []), logged];
  await logValues(tracking, id, { tags: [{ key: MODELS_TAG, value: JSON.stringify(models) }] });
  return {};
};

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('The description of a model is not JSON.');
  }
}

/** Keeps lists as they are, after those that were logged before. */
const logLists =
  (column: 'inputs' | 'outputs', fields: readonly { readonly sent: string; readonly stored: string }[]): Endpoint =>
  async (tracking, input) => {
    const row = await runOf(tracking, runId(input));
    const before = JSON.parse(row[column]) as Record<string, unknown[]>;
    const after = fields.map(({ sent, stored }) => [stored, [...(before[stored] ?? []), ...listIn(input, sent)]]);
    await change(tracking, { ...row, [column]: JSON.stringify({ ...before, ...Object.fromEntries(after) }) });
    return {};
  };

function listIn(input: Input, name: string): readonly unknown[] {
  const value = input.json(name) ?? [];
  if (!Array.isArray(value)) throw invalid(`The parameter ${name} must be a list.`);
  return value;
}

const logInputs = logLists('inputs', [
  { sent: 'datasets', stored: 'dataset_inputs' },
  { sent: 'models', stored: 'model_inputs' },
]);

export const RUN_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'POST runs/create': createRun,
  'GET runs/get': getRun,
  'POST runs/update': updateRun,
  'POST runs/delete': moved('deleted'),
  'POST runs/restore': moved('active'),
  'POST runs/log-metric': logMetric,
  'POST runs/log-parameter': logParam,
  'POST runs/log-batch': logBatch,
  'POST runs/set-tag': setTag,
  'POST runs/delete-tag': removeTag,
  'POST runs/log-inputs': logInputs,
  'POST runs/log-model': logModel,
  'POST runs/outputs': logLists('outputs', [{ sent: 'models', stored: 'model_outputs' }]),
  'GET metrics/get-history': metricHistory,
};
