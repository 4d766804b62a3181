import { join } from 'node:path';
import type { SqlTables } from '#adapters/sql/index.ts';
import {
  DURABILITIES,
  type Durability,
  fileBlobStreams,
  openSqlite,
  queuesOf,
  type Sqlite,
} from '#adapters/sqlite/index.ts';
import { CALL_RETENTION_DAYS, type Clock, DAY_MS } from '#core';
import { callDaysFrom, ENV, readChoice, readInteger, readRequired } from './environment.ts';
import { gatewayTransfers } from './gateway-transfers.ts';
import { lateLifecycle } from './late-lifecycle.ts';
import { outboundHostsFrom } from './outbound.ts';
import { type FullPlatform, lateUsersAndCalls, systemClock } from './platform.ts';

export { type Durability, takeDataFolder } from '#adapters/sqlite/index.ts';

/** The name of a model's task queue. */
export const sqliteTaskQueueOf = (model: string): string => queuesOf(model).tasks;

/** A platform on one SQLite database, which several processes share. Rejects with one sentence if it cannot be used. */
export async function openSqlitePlatform(settings: SqliteSettings): Promise<FullPlatform> {
  const { durability = 'process', pollSeconds = 20, callDays = CALL_RETENTION_DAYS } = settings;
  const clock = systemClock;
  const sqlite = await openSqlite({ ...settings, durability, clock, pollMs: pollSeconds * 1000 });
  const { tasks, blobs } = sqlite;
  const transfers = gatewayTransfers({ blobs, streams: fileBlobStreams(blobs), clock });
  const { lifecycle, closeLifecycle } = lateLifecycle(settings.environment ?? {}, {
    folder: join(settings.folder, 'lifecycle'),
  });
  return {
    ...sqlite,
    transfers,
    transferEdge: transfers,
    // Loads the query builder on first use, because instances do not need it.
    ...lateUsersAndCalls(() => openUsersAndCalls(sqlite, clock, callDays)),
    recordsCalls: callDays > 0,
    outboundHosts: outboundHostsFrom(settings.environment ?? {}),
    accept: (task, message) => tasks.accept(task, message),
    lifecycle,
    clock,
    async close() {
      await closeLifecycle();
      await sqlite.close();
    },
  };
}

async function openUsersAndCalls({ database }: Sqlite, clock: Clock, callDays: number) {
  const [{ SqlCallLog, SqlUsageStore, SqlUserStore }, { createKysely }] = await Promise.all([
    import('#adapters/sql/index.ts'),
    import('#adapters/sqlite/kysely-dialect.ts'),
  ]);
  const kysely = createKysely<SqlTables>(database);
  return {
    users: new SqlUserStore(kysely),
    calls: new SqlCallLog(kysely, clock, callDays * DAY_MS),
    usage: new SqlUsageStore(kysely),
  };
}

/** Settings of the platform on SQLite. */
export interface SqliteSettings {
  /** Contains the database and large payloads. Created if it does not exist. */
  readonly folder: string;
  /** @default 'process' */
  readonly durability?: Durability;
  /** How long an empty receive waits. @default 20 */
  readonly pollSeconds?: number;
  /** How long calls are kept. 0: they are not recorded. @default 30 */
  readonly callDays?: number;
  /** How long other programs may keep the database locked before a call rejects. @default 10,000 ms */
  readonly lockTimeoutMs?: number;
  /** Whether to look for damage in the file first. One process of a system is enough. @default false */
  readonly isChecked?: boolean;
  /** Names other databases and artifacts for the lifecycle. @default files in the folder */
  readonly environment?: NodeJS.ProcessEnv;
}

/** Throws a sentence naming the variable that is missing or wrong. */
export const sqliteSettingsFrom = (env: NodeJS.ProcessEnv): SqliteSettings => ({
  folder: readRequired(env, ENV.dataFolder),
  durability: readChoice(env, ENV.durability, DURABILITIES),
  pollSeconds: readInteger(env, ENV.pollSeconds, { min: 0, max: 20, default: 20 }),
  callDays: callDaysFrom(env),
  environment: env,
});

/** The environment that makes another process read these settings. */
export const sqliteEnvironment = ({ folder, durability, pollSeconds }: SqliteSettings): Record<string, string> => ({
  [ENV.platform]: 'sqlite',
  [ENV.dataFolder]: folder,
  ...(durability === undefined ? {} : { [ENV.durability]: durability }),
  ...(pollSeconds === undefined ? {} : { [ENV.pollSeconds]: String(pollSeconds) }),
});
