import { join } from 'node:path';
import type { Clock, TaskQueues } from '#core';
import type { Database } from './database/database.ts';
import { type Durability, openDatabase } from './database/open-database.ts';
import { translated } from './errors.ts';
import { Housekeeping } from './processes/housekeeping.ts';
import { Presence } from './processes/presence.ts';
import { SqliteTaskQueue } from './queue/sqlite-task-queue.ts';
import { SqliteContractStore, SqliteModelRegistry } from './registry/sqlite-model-registry.ts';

import { SqliteStatsStore } from './stats/sqlite-stats-store.ts';
import { FileBlobStore } from './tasks/file-blob-store.ts';
import { SqliteTaskStore } from './tasks/sqlite-task-store.ts';
import { WakeUps } from './wake/wake-ups.ts';
import { SqliteWebhookStore } from './webhooks/sqlite-webhook-store.ts';

export interface SqliteOptions {
  /** Created if it does not exist. */
  readonly folder: string;
  readonly durability: Durability;
  readonly clock: Clock;
  /** Time limit of an empty receive, in milliseconds. */
  readonly pollMs: number;
  /** How long another process may hold the write lock before a call rejects. @default 10,000 */
  readonly lockTimeoutMs?: number;
  /** Checks the file for damage first. @default false */
  readonly isChecked?: boolean;
}

/** The adapters of one process on one data folder. */
export interface Sqlite {
  readonly database: Database;
  readonly queues: TaskQueues;
  readonly tasks: SqliteTaskStore;
  readonly blobs: FileBlobStore;
  readonly stats: SqliteStatsStore;
  readonly registry: SqliteModelRegistry;
  readonly contracts: SqliteContractStore;
  readonly webhooks: SqliteWebhookStore;
  /** Rejects with `store_unavailable` if nothing can be written. */
  check(): Promise<void>;
  /** Frees all messages of this process and closes the database. */
  close(): Promise<void>;
}

/** Opens the data folder and frees the messages of dead processes. Rejects with one sentence if it cannot be used. */
export async function openSqlite(options: SqliteOptions): Promise<Sqlite> {
  const { folder, durability, clock, pollMs } = options;
  const database = openDatabase(options);
  let presence: Presence;
  try {
    presence = await translated('store_unavailable', Presence.announce({ database, folder, clock }));
    await presence.reap();
  } catch (error) {
    await database.close();
    throw error;
  }
  const blobs = new FileBlobStore({ folder: join(folder, 'blobs'), durability });
  let housekeeping: Housekeeping | undefined;
  const wakeUps = new WakeUps({
    folder,
    onLead: () => void housekeeping?.run(),
    onLeave: () => void housekeeping?.reapSoon(),
  });
  housekeeping = new Housekeeping({ database, presence, wakeUps, blobs, clock });
  const queue = { database, wakeUps, clock, owner: presence.id, pollMs };
  return {
    database,
    queues: (model) => new SqliteTaskQueue(queue, model),
    tasks: new SqliteTaskStore({ database, wakeUps, clock }),
    blobs,
    stats: new SqliteStatsStore(database),
    registry: new SqliteModelRegistry({ database, process: presence.id, clock }),
    contracts: new SqliteContractStore(database),
    webhooks: new SqliteWebhookStore(database, clock),
    check: () => translated('store_unavailable', presence.confirm()),
    async close() {
      housekeeping.stop();
      blobs.close();
      await presence.leave().catch(() => undefined);
      wakeUps.close();
      await database.close();
    },
  };
}
