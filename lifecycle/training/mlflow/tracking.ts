import type { Kysely } from 'kysely';
import type { ServiceDatabase } from '#adapters/sql/service-database.ts';
import type { Clock } from '#core';
import type { TagKind, TrainingTables } from '../tables.ts';
import type { Input, KeyValue } from './input.ts';

/** Dependencies of the endpoints. */
export interface Tracking {
  readonly database: ServiceDatabase<TrainingTables>;
  readonly clock: Pick<Clock, 'now'>;
  /** The caller's name, for runs and versions whose client does not name one. */
  readonly user: string;
}

/** Answers one request. The result is the JSON body of the answer. */
export type Endpoint = (tracking: Tracking, input: Input) => Promise<object>;

/** Sets tags; a later one of the same key replaces an earlier one. */
export async function setTags(
  query: Kysely<TrainingTables>,
  kind: TagKind,
  owner: string,
  tags: readonly KeyValue[],
): Promise<void> {
  // One statement must not write a row twice.
  const last = new Map(tags.map(({ key, value }) => [key, { kind, owner, key, value }]));
  if (last.size === 0) return;
  await query
    .insertInto('tags')
    .values([...last.values()])
    .onConflict((conflict) =>
      conflict.columns(['kind', 'owner', 'key']).doUpdateSet(({ ref }) => ({ value: ref('excluded.value') })),
    )
    .execute();
}

export async function deleteTag(tracking: Tracking, kind: TagKind, owner: string, key: string): Promise<void> {
  await tracking.database.query
    .deleteFrom('tags')
    .where('kind', '=', kind)
    .where('owner', '=', owner)
    .where('key', '=', key)
    .execute();
}

/** The tags of several owners. */
export async function tagsOf(
  { database }: Pick<Tracking, 'database'>,
  kind: TagKind,
  owners: readonly string[],
): Promise<ReadonlyMap<string, readonly KeyValue[]>> {
  if (owners.length === 0) return new Map();
  const query = database.query.selectFrom('tags').selectAll().where('kind', '=', kind).where('owner', 'in', owners);
  return groupedBy(await query.orderBy('key').execute(), ({ owner }) => owner);
}

export function groupedBy<T>(rows: readonly T[], keyOf: (row: T) => string): ReadonlyMap<string, readonly T[]> {
  return Map.groupBy(rows, keyOf);
}

export const pair = ({ key, value }: KeyValue): KeyValue => ({ key, value });
