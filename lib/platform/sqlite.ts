import type { SqlTables } from '#adapters/sql/index.ts';
import { openSqlite, queuesOf, type Sqlite } from '#adapters/sqlite/index.ts';
import type { CallLog, Clock, UserStore } from '#core';
import type { FullPlatform } from './platform.ts';
import type { SqliteSettings } from './sqlite-settings.ts';
import { systemClock } from './system-clock.ts';

export { type Durability, takeDataFolder } from '#adapters/sqlite/index.ts';
export { type SqliteSettings, sqliteEnvironment, sqliteSettingsFrom } from './sqlite-settings.ts';

/** The name of a model's task queue. */
export const sqliteTaskQueueOf = (model: string): string => queuesOf(model).tasks;

/** A platform on one SQLite database, which several processes share. Rejects with one sentence if it cannot be used. */
export async function openSqlitePlatform(settings: SqliteSettings): Promise<FullPlatform> {
  const { durability = 'process', pollSeconds = 20 } = settings;
  const clock = systemClock;
  const sqlite = await openSqlite({ ...settings, durability, clock, pollMs: pollSeconds * 1000 });
  return { ...sqlite, ...lateUsersAndCalls(sqlite, clock), clock };
}

/** Loads the query builder on first use, because instances do not need it. */
function lateUsersAndCalls(sqlite: Sqlite, clock: Clock): { readonly users: UserStore; readonly calls: CallLog } {
  let opened: ReturnType<typeof openUsersAndCalls> | undefined;
  const open = () => {
    opened ??= openUsersAndCalls(sqlite, clock);
    return opened;
  };
  return {
    users: {
      create: async (user) => (await open()).users.create(user),
      get: async (id) => (await open()).users.get(id),
      findByName: async (name) => (await open()).users.findByName(name),
      update: async (user) => (await open()).users.update(user),
    },
    calls: {
      append: async (calls) => (await open()).calls.append(calls),
      list: async (query) => (await open()).calls.list(query),
    },
  };
}

async function openUsersAndCalls({ database }: Sqlite, clock: Clock) {
  const [{ SqlCallLog, SqlUserStore }, { createKysely }] = await Promise.all([
    import('#adapters/sql/index.ts'),
    import('#adapters/sqlite/kysely-dialect.ts'),
  ]);
  const kysely = createKysely<SqlTables>(database);
  return { users: new SqlUserStore(kysely), calls: new SqlCallLog(kysely, clock) };
}
