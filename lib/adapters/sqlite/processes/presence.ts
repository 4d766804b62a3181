import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#core';
import type { Database } from '../database/database.ts';
import { FileLock } from '../database/file-lock.ts';
import { MessageTable } from '../queue/message-table.ts';

interface PresenceOptions {
  readonly database: Database;
  readonly folder: string;
  readonly clock: Clock;
}

/** Upper limit of `randomInt`. */
const IDS = 2 ** 48 - 1;

/**
 * Registers this process with a row and a lock file. A free lock proves that the process has ended, even if its process
 * id is in use again. Other processes then free its messages.
 */
export class Presence {
  /** Owner id of messages and instances. Never reused. */
  readonly id: number;
  readonly #options: PresenceOptions;
  readonly #lock: FileLock;

  private constructor(id: number, lock: FileLock, options: PresenceOptions) {
    this.id = id;
    this.#lock = lock;
    this.#options = options;
  }

  /** Rejects if the folder cannot be written to. */
  static async announce(options: PresenceOptions): Promise<Presence> {
    const { database, folder, clock } = options;
    const id = randomInt(1, IDS);
    mkdirSync(locksIn(folder), { recursive: true });
    // Taken before the row is written, because a row without a lock counts as dead.
    const lock = FileLock.tryTake(lockOf(folder, id));
    if (!lock) throw new Error('The lock file of a new process is locked already.');
    await database.write(() => database.run(INSERT, id, process.pid, clock.now(), clock.now()));
    return new Presence(id, lock, options);
  }

  /** Frees the messages of dead processes. Resolves with their queues. */
  async reap(): Promise<readonly string[]> {
    const { database } = this.#options;
    const others = await database.read(() =>
      database.all<{ id: number }>('SELECT id FROM processes WHERE id <> ?', this.id),
    );
    const freed = new Set<string>();
    for (const { id } of others) for (const queue of await this.#reapIfDead(id)) freed.add(queue);
    return [...freed];
  }

  /** Rejects if nothing can be written. */
  async confirm(): Promise<void> {
    const { database, clock } = this.#options;
    await database.write(() => database.run('UPDATE processes SET seen_at = ? WHERE id = ?', clock.now(), this.id));
  }

  /** Frees all messages of this process. */
  async leave(): Promise<void> {
    const { database } = this.#options;
    await database.write(() => forget(database, this.id)).finally(() => this.#lock.release({ deleteFile: true }));
  }

  async #reapIfDead(id: number): Promise<readonly string[]> {
    const { database, folder } = this.#options;
    const lock = FileLock.tryTake(lockOf(folder, id));
    if (!lock) return [];
    try {
      return await database.write(() => forget(database, id));
    } finally {
      lock.release({ deleteFile: true });
    }
  }
}

const INSERT = 'INSERT INTO processes (id, pid, started_at, seen_at) VALUES (?, ?, ?, ?)';

const locksIn = (folder: string): string => join(folder, 'processes');
const lockOf = (folder: string, id: number): string => join(locksIn(folder), `${id}.lock`);

/** Frees the messages of a process and removes its instances. Returns the queues concerned. */
function forget(database: Database, id: number): readonly string[] {
  const queues = new MessageTable(database).free(id);
  database.run('DELETE FROM instances WHERE process = ?', id);
  database.run('DELETE FROM processes WHERE id = ?', id);
  return queues;
}
