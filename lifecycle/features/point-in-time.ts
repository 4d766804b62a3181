import { identifier } from '#adapters/duckdb/tables.ts';

/** The rows of a feature view and how they are joined to labels. Tables and columns are names in DuckDB. */
export interface PointInTimeJoin {
  readonly labels: string;
  readonly labelTime: string;
  readonly features: string;
  readonly keys: readonly string[];
  readonly eventTime: string;
  /** When a value was recorded. Undefined: at its event time. */
  readonly knownTime: string | undefined;
  /** Whether a value may be used only when it was recorded by the time of the label. */
  readonly isBitemporal: boolean;
  /** The oldest value that is used. Undefined: any age. */
  readonly ttlSeconds: number | undefined;
  /** Column of the feature rows → column of the result. */
  readonly columns: Readonly<Record<string, string>>;
}

const FROM = '"\u0001from"';
const EVENT = '"\u0001event"';

/**
 * A query for the columns of `labels` and the newest features that were valid, and known, at the time of each label.
 *
 * A value can be used from the later one of its event time and its recording on. Of the values that can be used, the one
 * with the newest event wins, then the one that was recorded last. A value that starts to be usable when a newer one
 * already is never wins, so it is left out, and what is left is a sequence of states for an ASOF join.
 */
export function pointInTimeQuery(join: PointInTimeJoin): string {
  const { labels, labelTime, keys, ttlSeconds, columns } = join;
  const isSameKey = keys.map((key) => `l.${identifier(key)} = f.${identifier(key)}`).join(' AND ');
  const time = `l.${identifier(labelTime)}`;
  const isFresh = ttlSeconds === undefined ? undefined : `f.${EVENT} >= ${time} - to_seconds(${ttlSeconds})`;
  const chosen = Object.entries(columns).map(([column, name]) => {
    const value = `f.${identifier(column)}`;
    return `${isFresh === undefined ? value : `CASE WHEN ${isFresh} THEN ${value} END`} AS ${identifier(name)}`;
  });
  return `SELECT l.*, ${chosen.join(', ')} FROM ${labels} AS l
    ASOF LEFT JOIN (${statesOf(join)}) AS f ON ${isSameKey} AND ${time} >= f.${FROM}`;
}

/** One row per moment from which another value holds. */
function statesOf({ features, keys, eventTime, knownTime, isBitemporal, columns }: PointInTimeJoin): string {
  const key = keys.map(identifier).join(', ');
  const values = Object.keys(columns).filter((column) => !keys.includes(column));
  const event = identifier(eventTime);
  const known = knownTime === undefined ? event : `coalesce(${identifier(knownTime)}, ${event})`;
  const from = isBitemporal && knownTime !== undefined ? `greatest(${event}, ${known})` : event;
  const list = [key, ...values.map(identifier)].join(', ');
  const rows = `SELECT ${list}, ${event} AS ${EVENT}, ${known} AS known, ${from} AS ${FROM}, "_line"
    FROM ${features} WHERE ${event} IS NOT NULL`;
  const rank = `(${EVENT}, known, "_line")`;
  const latest = `SELECT * FROM (${rows})
    QUALIFY row_number() OVER (PARTITION BY ${key}, ${FROM} ORDER BY ${EVENT} DESC, known DESC, "_line" DESC) = 1`;
  if (from === event) return latest;
  return `SELECT * FROM (${latest})
    QUALIFY ${rank} >= max(${rank}) OVER (PARTITION BY ${key} ORDER BY ${FROM} ROWS UNBOUNDED PRECEDING)`;
}
