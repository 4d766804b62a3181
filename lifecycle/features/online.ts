import { isRecord, type JsonObject, type JsonValue, parseExpression } from '#core';
import { invalidField } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { keyText } from './materialize.ts';
import { type AskedView, askedViews, type KnownView, openFeatures } from './views.ts';

/** The body of `POST /get-online-features`, as Feast's clients send it. */
interface OnlineRequest {
  readonly features: readonly string[];
  /** By join key: a list with a value per row. */
  readonly entities: Readonly<Record<string, readonly JsonValue[]>>;
  readonly isFull: boolean;
}

type Status = 'PRESENT' | 'NULL_VALUE' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE';

interface Cell {
  readonly value: JsonValue;
  readonly status: Status;
  /** Unix milliseconds; 0 without a value. */
  readonly at: number;
}

interface Stored {
  readonly features: Readonly<Record<string, JsonValue>>;
  readonly eventAt: number;
}

const MAX_ROWS = 1_000;

/**
 * The newest features of entities, in the JSON of Feast: one list of values, statuses and times per name. A value that
 * is older than the view's TTL is `OUTSIDE_MAX_AGE` and null.
 */
export async function onlineFeatures(
  lifecycle: Pick<Lifecycle, 'stores' | 'platform'>,
  body: Readonly<Record<string, unknown>>,
): Promise<JsonObject> {
  const { features, entities, isFull } = readRequest(body);
  const now = lifecycle.platform.clock.now();
  const rows = Object.values(entities)[0]?.length ?? 0;
  const asked = await askedViews(lifecycle, features);
  const columns = new Map<string, readonly Cell[]>();
  for (const [name, values] of Object.entries(entities)) {
    columns.set(
      name,
      values.map((value) => ({ value, status: 'PRESENT', at: 0 })),
    );
  }
  for (const view of asked) {
    const stored = await storedValues(lifecycle, view.view, entities, rows);
    for (const feature of view.features) {
      const name = isFull ? `${view.view.name}__${feature}` : feature;
      if (columns.has(name))
        throw invalidField('/features', `must not name two columns ${name}: set full_feature_names`);
      columns.set(
        name,
        stored.map((row, index) => cellOf(view, feature, { row, now, request: rowOf(entities, index) })),
      );
    }
  }
  return {
    metadata: { feature_names: [...columns.keys()] },
    results: [...columns.values()].map((cells) => ({
      values: cells.map(({ value }) => value),
      statuses: cells.map(({ status }) => status),
      event_timestamps: cells.map(({ at }) => new Date(at).toISOString().replace(/\.000Z$/, 'Z')),
    })),
  };
}

function readRequest(body: Readonly<Record<string, unknown>>): OnlineRequest {
  const { features, entities, full_feature_names: isFull = false, request_context: context = {} } = body;
  if (!Array.isArray(features) || features.length === 0)
    throw invalidField('/features', 'must be a list of view:feature');
  if (!isRecord(entities) || !isRecord(context))
    throw invalidField('/entities', 'must be an object with a list per key');
  const all = { ...entities, ...context };
  const lengths = new Set(Object.values(all).map((values) => (Array.isArray(values) ? values.length : -1)));
  const [length = 0] = lengths;
  if (lengths.size !== 1 || length < 1) throw invalidField('/entities', 'must have lists of the same length');
  if (length > MAX_ROWS) throw invalidField('/entities', `must have at most ${MAX_ROWS} rows`);
  return { features, entities: all as OnlineRequest['entities'], isFull: isFull === true };
}

async function storedValues(
  lifecycle: Pick<Lifecycle, 'stores'>,
  { name, keys }: KnownView,
  entities: OnlineRequest['entities'],
  rows: number,
): Promise<readonly (Stored | undefined)[]> {
  const missing = keys.find((key) => !Object.hasOwn(entities, key));
  if (missing !== undefined)
    throw invalidField('/entities', `must have ${missing}, which the feature view ${name} needs`);
  const wanted = Array.from({ length: rows }, (_, index) => keyText(keys.map((key) => entities[key]?.[index])));
  const { query } = await openFeatures(lifecycle);
  const found = new Map<string, Stored>();
  const unique = [...new Set(wanted)];
  for (let at = 0; at < unique.length; at += 500) {
    const page = await query
      .selectFrom('online_values')
      .select(['entity_key', 'features', 'event_at'])
      .where('view', '=', name)
      .where('entity_key', 'in', unique.slice(at, at + 500))
      .execute();
    for (const row of page) {
      found.set(row.entity_key, { features: JSON.parse(row.features) as Stored['features'], eventAt: row.event_at });
    }
  }
  return wanted.map((key) => found.get(key));
}

const rowOf = (entities: OnlineRequest['entities'], index: number): Readonly<Record<string, JsonValue>> =>
  Object.fromEntries(Object.entries(entities).map(([name, values]) => [name, values[index] ?? null]));

interface CellSource {
  readonly row: Stored | undefined;
  readonly now: number;
  /** Join keys and columns of the request. */
  readonly request: Readonly<Record<string, JsonValue>>;
}

function cellOf({ view: { definition } }: AskedView, feature: string, { row, now, request }: CellSource): Cell {
  const text = definition.on_demand?.[feature];
  const { ttl_seconds: ttl } = definition;
  if (!row) return { value: null, status: 'NOT_FOUND', at: 0 };
  if (ttl !== undefined && row.eventAt < now - ttl * 1000) {
    return { value: null, status: 'OUTSIDE_MAX_AGE', at: row.eventAt };
  }
  const value =
    text === undefined ? row.features[feature] : parseExpression(text).evaluate({ ...request, ...row.features });
  return { value: value ?? null, status: value == null ? 'NULL_VALUE' : 'PRESENT', at: row.eventAt };
}
