import { isRecord, type JsonObject, type JsonValue, ModelyardError, parseExpression } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { keyText } from './materialize.ts';
import { findView, type KnownView, openFeatures } from './views.ts';

/**
 * The query `online`: `{entity, id, features}`, names without views. Answers with the values of those that a view of the
 * entity has, and with the source of each. Rejects with `resource_not_found` for an entity without values.
 */
export async function entityFeatures(lifecycle: Lifecycle, { entity, id, features }: JsonObject): Promise<JsonObject> {
  const wanted = new Set(Array.isArray(features) ? features.map(String) : []);
  const views = await viewsOf(lifecycle, String(entity));
  const values: Record<string, JsonValue> = {};
  const sources: Record<string, JsonValue> = {};
  for (const view of views) {
    const row = await newest(lifecycle, view, String(id));
    if (!row) continue;
    for (const name of wanted) {
      const value = featureOf(view, name, row.features);
      if (value === undefined) continue;
      values[name] = value;
      sources[name] = { view: view.name, event_at: row.event_at, ...row.source };
    }
  }
  if (Object.keys(values).length > 0 || wanted.size === 0) return { values, sources };
  throw new ModelyardError('resource_not_found', `There are no current features of ${String(entity)} ${String(id)}.`);
}

async function viewsOf(lifecycle: Lifecycle, entity: string): Promise<readonly KnownView[]> {
  const { query } = await openFeatures(lifecycle);
  const rows = await query.selectFrom('feature_views').select('name').orderBy('name').execute();
  const views = await Promise.all(rows.map(({ name }) => findView(lifecycle, name)));
  return views.filter(({ definition: { entities }, keys }) => entities.includes(entity) && keys.length === 1);
}

/** Undefined without a value, and when it is older than the TTL of the view. */
async function newest(lifecycle: Lifecycle, { name, definition }: KnownView, id: string) {
  const { query } = await openFeatures(lifecycle);
  const row = await query
    .selectFrom('online_values')
    .selectAll()
    .where('view', '=', name)
    .where('entity_key', '=', keyText([id]))
    .executeTakeFirst();
  const oldest = lifecycle.platform.clock.now() - (definition.ttl_seconds ?? Number.POSITIVE_INFINITY) * 1000;
  if (!row || row.event_at < oldest) return undefined;
  return {
    features: JSON.parse(row.features) as JsonObject,
    source: JSON.parse(row.source) as JsonObject,
    event_at: new Date(row.event_at).toISOString(),
  };
}

function featureOf({ definition }: KnownView, name: string, row: JsonObject): JsonValue | undefined {
  const text = definition.on_demand?.[name];
  if (text !== undefined) return parseExpression(text).evaluate(row);
  return definition.features.includes(name) ? (row[name] ?? null) : undefined;
}

/** The query `training-set`: `{hash}`. Rejects with `resource_not_found`. */
export async function findTrainingSet(lifecycle: Lifecycle, { hash }: JsonObject): Promise<JsonObject> {
  const { query } = await openFeatures(lifecycle);
  const row = await query
    .selectFrom('training_sets')
    .selectAll()
    .where('hash', '=', String(hash))
    .limit(1)
    .executeTakeFirst();
  if (!row) throw new ModelyardError('resource_not_found', `There is no training set ${String(hash)}.`);
  const { id, rows, document, created_by, created_at } = row;
  return {
    id,
    rows,
    created_by,
    created_at: new Date(created_at).toISOString(),
    ...(JSON.parse(document) as JsonObject),
  };
}

const MAX_SETS = 1_000;

/** The query `training-sets-of`: `{dataset, version}`. The hashes of the newest training sets that were made of it. */
export async function trainingSetsOf(lifecycle: Lifecycle, { dataset, version }: JsonObject): Promise<JsonObject> {
  const { query } = await openFeatures(lifecycle);
  const sets = query.selectFrom('training_sets').select(['hash', 'document']).orderBy('created_at', 'desc');
  const isOf = (made: unknown) => isRecord(made) && made.dataset === dataset && made.version === version;
  const hashes = (await sets.limit(MAX_SETS).execute()).flatMap(({ hash, document }) => {
    const { labels, sources } = JSON.parse(document) as JsonObject;
    return [labels, ...Object.values(isRecord(sources) ? sources : {})].some(isOf) ? [hash] : [];
  });
  return { hashes: [...new Set(hashes)] };
}

/** The query `sources`: adds the file and who sent it to the sources that `online` has answered with. */
export async function explainSources(lifecycle: Lifecycle, { sources }: JsonObject): Promise<JsonObject> {
  const explained: Record<string, JsonValue> = {};
  for (const [feature, source] of Object.entries(isRecord(sources) ? sources : {})) {
    const { dataset, version, file } = source as JsonObject;
    const found = await lifecycle.ask('ingestion', 'version', { dataset, version, file });
    explained[feature] = {
      ...(source as JsonObject),
      file_name: isRecord(found.file) ? String(found.file.name) : null,
      sent_by: found.created_by ?? null,
      sent_at: found.created_at ?? null,
    };
  }
  return { sources: explained };
}
