import {
  type HttpRequest,
  JSON_TYPE,
  modelForTasks,
  originOf,
  type ProxyResult,
  predictionProblem,
  quotaForTasks,
  refuseWithoutInstance,
  sendProblem,
  submitOptions,
  submittedAnswer,
  taskPath,
  waitPreference,
} from '#api';
import { loadCodec, typesOf } from '#contract';
import {
  isTerminal,
  type JsonObject,
  ModelyardError,
  type ServedModel,
  submitTask,
  type Task,
  waitForTask,
} from '#core';
import { jsonBody } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { ServingLifecycle } from '../service.ts';
import { servingDatabase } from './serving-database.ts';
import { usedRows } from './used-rows.ts';

const DEFAULT_WAIT_SECONDS = 20;

/** The features of an entity, and where each came from. */
interface OnlineFeatures {
  readonly values: JsonObject;
  readonly sources: JsonObject;
}

/**
 * `POST /entities/{entity}/{id}/predict/{model}`: predicts with the newest features of an entity. The fields of the
 * model's request are features, except those in the body, which are known only now.
 */
export async function predictEntity(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { deps } = lifecycle;
  const given = jsonBody(request);
  const [served] = await Promise.all([modelForTasks(deps, request), loadCodec()]);
  refuseWithoutInstance(served);
  const features = await featuresOf(lifecycle, request, served, given);
  const body = Buffer.from(JSON.stringify({ ...features.values, ...given }));
  const encoded = await deps.transcoder.encodeRequest(served.descriptor, JSON_TYPE, body);
  const { routingKey } = submitOptions(request.headers);
  const submitted = await submitTask(lifecycle.platform, {
    ...originOf(request),
    owner: request.caller.id,
    model: served.model.name,
    contract: served.contract,
    request: encoded,
    limits: served.model.limits,
    routingKey: routingKey ?? request.param('id'),
    quota: quotaForTasks(deps, request, served),
  });
  await Promise.all([deps.wakeWhenAsleep(served), record(lifecycle, request, submitted, { ...features, given })]);
  return answer(lifecycle, request, submitted);
}

async function featuresOf(
  lifecycle: Lifecycle,
  request: HttpRequest,
  { descriptor }: ServedModel,
  given: JsonObject,
): Promise<OnlineFeatures> {
  const { fields } = typesOf(descriptor).message(descriptor.requestMessage);
  const wanted = fields.map(({ name }) => name).filter((name) => !Object.hasOwn(given, name));
  const args = { entity: request.param('entity'), id: request.param('id'), features: wanted };
  const found = (await lifecycle.ask('features', 'online', args)) as unknown as OnlineFeatures;
  const missing = wanted.filter((name) => found.values[name] === undefined || found.values[name] === null);
  if (missing.length === 0) return found;
  // Left out, the fields would be 0.
  const message = `The ${args.entity} ${args.id} has no current value of ${missing.join(', ')}.`;
  throw new ModelyardError('invalid_input', message, {
    errors: missing.map((name) => ({ pointer: `/${name}`, message: 'has no current value' })),
  });
}

async function record(
  lifecycle: Lifecycle,
  request: HttpRequest,
  { id: task_id, model, owner, createdAt: created_at }: Task,
  features: OnlineFeatures & { readonly given: JsonObject },
): Promise<void> {
  const database = await servingDatabase(lifecycle);
  const [entity, entity_id] = [request.param('entity'), request.param('id')];
  const rows = usedRows(features.sources, { task_id, created_at });
  await database.transaction(async (transaction) => {
    await transaction
      .insertInto('predictions')
      .values({ ...{ task_id, model, entity, entity_id, owner, created_at }, features: JSON.stringify(features) })
      .onConflict((conflict) => conflict.column('task_id').doNothing())
      .execute();
    if (rows.length === 0) return;
    await transaction
      .insertInto('used_rows')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  });
}

async function answer({ deps }: ServingLifecycle, request: HttpRequest, submitted: Task): Promise<ProxyResult> {
  const preference = waitPreference(request.headers);
  const waitedSeconds = preference.seconds ?? DEFAULT_WAIT_SECONDS;
  const { id, owner } = submitted;
  const wait = { id, owner, waitMs: waitedSeconds * 1000, signal: request.signal, known: submitted };
  const task = waitedSeconds === 0 ? submitted : await waitForTask(deps.waits, wait);
  if (isTerminal(task.state) && task.state !== 'succeeded') {
    return sendProblem(predictionProblem(task, request.path), { Location: taskPath(task.id) });
  }
  return submittedAnswer(deps, task, { ...preference, waitedSeconds });
}
