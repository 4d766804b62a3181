import type { Clock } from '#core';
import type { Database } from '../database/database.ts';
import type { FileBlobStore } from '../tasks/file-blob-store.ts';
import type { WakeUps } from '../wake/wake-ups.ts';
import type { Presence } from './presence.ts';

interface HousekeepingOptions {
  readonly database: Database;
  readonly presence: Presence;
  readonly wakeUps: WakeUps;
  readonly blobs: FileBlobStore;
  readonly clock: Clock;
}

const INTERVAL_MS = 2000;
/** Pause between two steps, so that requests are not delayed. */
const PAUSE_MS = 20;
/** After SIGKILL, the connection of a process closes shortly before its file locks are released. */
const LATE_LOCKS_MS = [0, 20, 200] as const;
const MAX_DELETED = 100;
/** Pages that one step returns to the file system. */
const MAX_VACUUMED = 128;
/** Free pages up to this share of the file are kept for new rows. */
const KEPT_FREE_SHARE = 0.2;
const MIN_FREE_PAGES = 1024;
const ORPHANS_INTERVAL_MS = 3_600_000;

/** Runs in one process of a data folder: frees messages of dead processes, deletes expired tasks, shrinks the file. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #stopping = new AbortController();
  #orphansSoughtAt = Number.NEGATIVE_INFINITY;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  /** Runs until `stop`. Errors are retried in the next round; requests report the same errors. */
  async run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#round(signal).catch(() => undefined);
      await clock.sleep(INTERVAL_MS, signal);
    }
  }

  /** Call when a process has disconnected. */
  async reapSoon(): Promise<void> {
    for (const ms of LATE_LOCKS_MS) {
      await this.#options.clock.sleep(ms, this.#stopping.signal);
      if (!this.#stopping.signal.aborted) await this.#reap().catch(() => undefined);
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { clock, blobs } = this.#options;
    await this.#reap();
    while (!signal.aborted && (await this.#deleteExpired())) await clock.sleep(PAUSE_MS, signal);
    while (!signal.aborted && (await this.#shrink())) await clock.sleep(PAUSE_MS, signal);
    if (clock.now() - this.#orphansSoughtAt < ORPHANS_INTERVAL_MS) return;
    this.#orphansSoughtAt = clock.now();
    await blobs.deleteOrphans(clock.now());
  }

  async #reap(): Promise<void> {
    const { presence, wakeUps } = this.#options;
    for (const queue of await presence.reap()) wakeUps.notifyArrival(queue);
  }

  /** Resolves with true if there may be more. */
  async #deleteExpired(): Promise<boolean> {
    const { database, blobs, clock } = this.#options;
    const now = clock.now();
    const isBatchDue = await database.read(() => database.get(DUE_BATCH, now));
    if (isBatchDue) await database.write(() => database.run(DELETE_BATCHES, now));
    const isDue = await database.read(() => database.get('SELECT 1 FROM tasks WHERE retained_until <= ? LIMIT 1', now));
    if (!isDue) return false;
    const deleted = await database.write(() => database.all<{ id: string }>(DELETE_EXPIRED, now));
    await blobs.deleteOf(deleted.map(({ id }) => id));
    return deleted.length === MAX_DELETED;
  }

  async #shrink(): Promise<boolean> {
    const { database } = this.#options;
    const { free, all } = await database.read(() => ({
      free: database.get<{ freelist_count: number }>('PRAGMA freelist_count')?.freelist_count ?? 0,
      all: database.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0,
    }));
    if (free < MIN_FREE_PAGES || free < all * KEPT_FREE_SHARE) return false;
    await database.write(() => database.all(`PRAGMA incremental_vacuum(${MAX_VACUUMED})`));
    return true;
  }
}

const DUE_BATCH = 'SELECT 1 FROM batches WHERE retained_until <= ? LIMIT 1';

const DELETE_BATCHES = 'DELETE FROM batches WHERE retained_until <= ?';

const DELETE_EXPIRED = `
  DELETE FROM tasks WHERE number IN (
    SELECT number FROM tasks WHERE retained_until <= ? ORDER BY retained_until LIMIT ${MAX_DELETED}
  ) RETURNING id
`;
