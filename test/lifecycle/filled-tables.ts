import type { Kysely } from 'kysely';
import { LIFECYCLE_SERVICES, type User } from '#core';
import { databaseOf, type Lifecycle } from '#lifecycle/lifecycle.ts';
import { loadService } from '#lifecycle/services.ts';

/** Columns that name a user. */
const PEOPLE = /^owner$|_by$|^user_id$/;
const LATE = 4_000_000_000_000;

type AnyDatabase = Kysely<Record<string, Record<string, unknown>>>;

async function tablesOf(lifecycle: Lifecycle) {
  const tables = LIFECYCLE_SERVICES.map(async (service) => {
    const { query } = await databaseOf<unknown>(lifecycle, (await loadService(service)).manifest);
    const all = await query.introspection.getTables();
    return all.map(({ name, columns }) => ({ service, name, columns, query: query as unknown as AnyDatabase }));
  });
  return (await Promise.all(tables)).flat();
}

/** A row of each table whose texts are all the id of the user. */
export async function fillTables(lifecycle: Lifecycle, { id }: Pick<User, 'id'>): Promise<void> {
  for (const { name, columns, query } of await tablesOf(lifecycle)) {
    const valueFor = (type: string) => (/text|char/i.test(type) ? id : /bigint|int8/i.test(type) ? LATE : 1);
    await query
      .insertInto(name)
      .values(Object.fromEntries(columns.map((column) => [column.name, valueFor(column.dataType)])))
      .execute();
  }
}

/** The columns that contain the text, as `service.table.column`. */
export async function columnsWith(lifecycle: Lifecycle, text: string): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const { service, name, query } of await tablesOf(lifecycle)) {
    for (const row of await query.selectFrom(name).selectAll().execute()) {
      for (const [column, value] of Object.entries(row)) {
        if (typeof value === 'string' && value.includes(text)) found.add(`${service}.${name}.${column}`);
      }
    }
  }
  return [...found].toSorted();
}

export const isOfPeople = (column: string) => PEOPLE.test(column.split('.')[2] ?? '');
