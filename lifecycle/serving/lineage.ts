import { type HttpRequest, json, type ProxyResult } from '#api';
import { loadContract } from '#contract';
import { getTask, isLinked, isRecord, type JsonObject, ModelyardError, readResult, type Task } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import type { ServingLifecycle } from '../service.ts';
import { servingDatabase } from './serving-database.ts';

const MAX_PREDICTIONS = 1000;

/**
 * `GET /tasks/{id}/lineage`: the version that has answered, its training set, the features of the request, and the files
 * and lines behind them.
 */
export async function taskLineage(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const task = await getTask(lifecycle.deps.waits, { id: request.param('id'), owner: request.caller.id });
  const { query } = await servingDatabase(lifecycle);
  const predictions = query.selectFrom('predictions').selectAll().where('task_id', '=', task.id);
  const prediction = await predictions.executeTakeFirst();
  const version = await versionOf(lifecycle, task);
  const features = prediction ? (JSON.parse(prediction.features) as JsonObject) : undefined;
  return json(200, {
    task: { id: task.id, model: task.model, owner: task.owner, state: task.state, created_at: timeOf(task.createdAt) },
    version: version ?? null,
    training_set: version ? await trainingSetOf(lifecycle, version) : null,
    entity: prediction ? { name: prediction.entity, id: prediction.entity_id } : null,
    features: features ? await rowsBehind(lifecycle, features) : null,
  });
}

const timeOf = (at: number): string => new Date(at).toISOString();

/** The version that has answered says so in its response. Undefined for models without versions. */
async function versionOf(lifecycle: Lifecycle, task: Task): Promise<JsonObject | undefined> {
  if (isLinked(task)) return undefined;
  const result = await readResult(lifecycle.platform, task);
  if (!result) return undefined;
  const { response } = await loadContract(result.contract);
  const fields: unknown = JSON.parse(Buffer.concat(response.toJson(result.bytes)).toString());
  const number = isRecord(fields) ? fields.model_version : undefined;
  if (typeof number !== 'string' || number === '') return undefined;
  return lifecycle.ask('training', 'version', { model: task.model, version: number });
}

/** The training set with the versions of the datasets that it was made of. */
async function trainingSetOf(lifecycle: Lifecycle, { facts }: JsonObject): Promise<JsonObject> {
  const hash = isRecord(facts) ? String(facts.data_hash) : '';
  const known = await lifecycle.ask('features', 'training-set', { hash }).catch(ignoreUnknown);
  if (!known) return { hash };
  const sources = Object.entries(isRecord(known.sources) ? known.sources : {});
  const explained = sources.map(async ([view, source]) => [view, await whoSent(lifecycle, source)]);
  return {
    ...{ hash, ...known },
    labels: await whoSent(lifecycle, known.labels),
    sources: Object.fromEntries(await Promise.all(explained)),
  };
}

/** A version of a dataset, with the name of its file, and who put it there. */
async function whoSent(lifecycle: Lifecycle, made: unknown): Promise<JsonObject> {
  const { dataset, version, ...more } = isRecord(made) ? (made as JsonObject) : {};
  const found = await lifecycle.ask('ingestion', 'version', { dataset, version }).catch(ignoreUnknown);
  const file = isRecord(found?.file) ? found.file : {};
  return {
    ...{ dataset, version, ...more, file_name: file.name ?? null, file: file.hash ?? null },
    ...{ sent_by: found?.created_by ?? null, sent_at: found?.created_at ?? null },
  };
}

/** Each feature with its value, and the file, line and person that it came from. */
async function rowsBehind(lifecycle: Lifecycle, { values, sources, given }: JsonObject): Promise<JsonObject> {
  const rows = await lifecycle.ask('features', 'sources', { sources: sources ?? {} }).catch(ignoreUnknown);
  return { values: values ?? {}, given: given ?? {}, sources: rows?.sources ?? sources ?? {} };
}

/** Deleted data and versions that were trained elsewhere have no lineage. */
function ignoreUnknown(error: unknown): undefined {
  if (error instanceof ModelyardError && error.code === 'resource_not_found') return undefined;
  throw error;
}

/** `GET /entities/{entity}/{id}/predictions`: the predictions that have used an entity's features, newest first. */
export async function entityPredictions(lifecycle: Lifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { query } = await servingDatabase(lifecycle);
  const rows = await query
    .selectFrom('predictions')
    .selectAll()
    .where('entity', '=', request.param('entity'))
    .where('entity_id', '=', request.param('id'))
    .where('owner', '=', request.caller.id)
    .orderBy('created_at', 'desc')
    .limit(MAX_PREDICTIONS)
    .execute();
  return json(200, {
    predictions: rows.map(({ features, created_at, ...row }) => ({
      ...row,
      created_at: timeOf(created_at),
      features: JSON.parse(features),
    })),
  });
}
