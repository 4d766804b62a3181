import { type HttpRequest, json, type ProxyResult } from '#api';
import { isRecord, type JsonObject, ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { servingDatabase } from './serving-database.ts';
import type { UsedRow } from './tables.ts';

const MAX_PREDICTIONS = 1000;
const WHOLE = /^[1-9]\d{0,8}$/;

/** The rows of datasets that a prediction has taken features from, each once. */
export function usedRows(
  sources: JsonObject,
  { task_id, created_at }: Pick<UsedRow, 'task_id' | 'created_at'>,
): readonly UsedRow[] {
  const rows = new Map<string, UsedRow>();
  for (const source of Object.values(sources)) {
    if (!isRecord(source)) continue;
    const { dataset, version, line } = source;
    if (typeof dataset !== 'string' || typeof version !== 'number' || typeof line !== 'number') continue;
    rows.set(`${dataset}/${version}/${line}`, { dataset, version, line, task_id, created_at });
  }
  return [...rows.values()];
}

/**
 * `GET /datasets/{dataset}/versions/{version}/lines/{line}/predictions`: the predictions that have used a row, newest
 * first, and the model versions that were trained on its file. Operators see the predictions of everybody.
 */
export async function rowPredictions(lifecycle: Lifecycle, request: HttpRequest): Promise<ProxyResult> {
  const dataset = request.param('dataset');
  const [version, line] = [wholeIn(request, 'version'), wholeIn(request, 'line')];
  const { query } = await servingDatabase(lifecycle);
  const rows = await query
    .selectFrom('used_rows')
    .innerJoin('predictions', 'predictions.task_id', 'used_rows.task_id')
    .select(['predictions.task_id', 'model', 'entity', 'entity_id', 'owner', 'features', 'predictions.created_at'])
    .where('used_rows.dataset', '=', dataset)
    .where('used_rows.version', '=', version)
    .where('used_rows.line', '=', line)
    .$if(request.caller.role === 'user', (all) => all.where('owner', '=', request.caller.id))
    .orderBy('used_rows.created_at', 'desc')
    .limit(MAX_PREDICTIONS)
    .execute();
  const { file } = await lifecycle.ask('ingestion', 'version', { dataset, version });
  const { hashes } = await lifecycle.ask('features', 'training-sets-of', { dataset, version });
  const { versions } = await lifecycle.ask('training', 'trained-on', { hashes: hashes ?? [] });
  return json(200, {
    row: { dataset, version, line, file: file ?? null },
    predictions: rows.map(({ features, created_at, ...row }) => ({
      ...row,
      created_at: new Date(created_at).toISOString(),
      features: featuresFrom(JSON.parse(features) as JsonObject, { dataset, version, line }),
    })),
    trained_versions: versions ?? [],
  });
}

/** Names and values of the features that came from a row. */
function featuresFrom({ values, sources }: JsonObject, row: Pick<UsedRow, 'dataset' | 'version' | 'line'>): JsonObject {
  const isFrom = (source: unknown) =>
    isRecord(source) && source.dataset === row.dataset && source.version === row.version && source.line === row.line;
  const of = isRecord(sources) ? sources : {};
  const names = Object.keys(of).filter((name) => isFrom(of[name]));
  return Object.fromEntries(
    names.map((name) => [name, isRecord(values) ? (values[name] ?? null) : null]),
  ) as JsonObject;
}

function wholeIn(request: HttpRequest, name: 'version' | 'line'): number {
  const text = request.param(name);
  if (WHOLE.test(text)) return Number(text);
  throw new ModelyardError('invalid_request', `The ${name} in the path must be a whole number from 1.`);
}
