import { type HttpRequest, json, type ProxyResult } from '#api';
import { type JsonObject, ModelyardError } from '#core';
import { invalidField, jsonBody } from '../json-body.ts';
import { nameIn } from '../names.ts';
import type { ServingLifecycle } from '../service.ts';
import { stageAnswer } from '../stage-answer.ts';
import { readView } from './definition.ts';
import { manifest } from './manifest.ts';
import { onlineFeatures } from './online.ts';
import type { FeatureTables } from './tables.ts';
import { readTrainingSetRequest } from './training-set.ts';
import { findView, openFeatures } from './views.ts';

/** Answers the routes of the feature store. */
export function handle(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { route, method } = request;
  if (route === '/get-online-features') return getOnline(lifecycle, request);
  if (route === '/training-sets') return makeSet(lifecycle, request);
  if (route === '/training-sets/{id}') return getSet(lifecycle, request);
  if (route === '/entities/{entity}') return putEntity(lifecycle, request);
  if (route === '/feature-views') return listViews(lifecycle);
  if (route.endsWith('/materialize')) return materialize(lifecycle, request);
  return method === 'PUT' ? putView(lifecycle, request) : getView(lifecycle, request);
}

const getOnline = async (lifecycle: ServingLifecycle, request: HttpRequest) =>
  json(200, await onlineFeatures(lifecycle, jsonBody(request)));

function makeSet(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const args = readTrainingSetRequest(jsonBody(request));
  const start = { service: manifest.name, stage: 'make-training-set', args };
  return stageAnswer(lifecycle, request, start, (result) => json(201, result));
}

async function getSet(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { query } = await openFeatures(lifecycle);
  const id = request.param('id');
  const row = await query.selectFrom('training_sets').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new ModelyardError('resource_not_found', `There is no training set ${id}.`);
  const { hash: artifact, rows, document } = row;
  return json(200, { id, artifact, rows, ...(JSON.parse(document) as JsonObject) });
}

async function putEntity(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const name = nameIn(request.param('entity'), 'entity');
  const { join_keys: keys = [name] } = jsonBody(request);
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every((key) => typeof key === 'string' && key !== '')) {
    throw invalidField('/join_keys', 'must be a list of columns');
  }
  const { query } = await openFeatures(lifecycle);
  const values = { join_keys: JSON.stringify(keys), created_at: now(lifecycle), created_by: request.caller.id };
  await query
    .insertInto('entities')
    .values({ name, ...values })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ join_keys: values.join_keys }))
    .execute();
  return json(200, { name, join_keys: keys });
}

async function putView(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const name = nameIn(request.param('view'), 'feature view');
  const definition = JSON.stringify(readView(jsonBody(request)));
  const database = await openFeatures(lifecycle);
  const changed = { definition, updated_at: now(lifecycle), updated_by: request.caller.id };
  await database.transaction(async (transaction) => {
    const known = await transaction.selectFrom('feature_views').selectAll().where('name', '=', name).executeTakeFirst();
    if (!known)
      await transaction
        .insertInto('feature_views')
        .values({ name, version: 1, ...changed })
        .execute();
    else if (known.definition !== definition) {
      // The stored values belong to another definition.
      await transaction.deleteFrom('online_values').where('view', '=', name).execute();
      await transaction
        .updateTable('feature_views')
        .set({ ...changed, version: known.version + 1 })
        .where('name', '=', name)
        .execute();
    }
  });
  return getView(lifecycle, request);
}

async function getView(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { name, version, definition, keys } = await findView(lifecycle, nameIn(request.param('view'), 'feature view'));
  return json(200, { name, version, join_keys: keys, ...definition });
}

async function listViews(lifecycle: ServingLifecycle): Promise<ProxyResult> {
  const { query } = await openFeatures(lifecycle);
  const rows = await query.selectFrom('feature_views').selectAll().orderBy('name').limit(1_000).execute();
  const shown = ({ name, version, definition }: FeatureTables['feature_views']) => ({
    name,
    version,
    ...(JSON.parse(definition) as JsonObject),
  });
  return json(200, { feature_views: rows.map(shown) });
}

async function materialize(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const view = nameIn(request.param('view'), 'feature view');
  await findView(lifecycle, view);
  return stageAnswer(lifecycle, request, { service: manifest.name, stage: 'materialize', args: { view } });
}

const now = ({ platform }: ServingLifecycle): number => platform.clock.now();
