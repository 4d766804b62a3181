import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isBusy } from '../errors.ts';

/**
 * An exclusive lock on a file. The operating system releases it when this process ends, also after SIGKILL. Node has no
 * file locks, so this uses those of SQLite, which work on every system and between connections of one process.
 */
export class FileLock {
  readonly #path: string;
  readonly #connection: DatabaseSync;

  private constructor(path: string, connection: DatabaseSync) {
    this.#path = path;
    this.#connection = connection;
  }

  /** Undefined if the lock is held. Throws if the file cannot be created. */
  static tryTake(path: string): FileLock | undefined {
    const connection = new DatabaseSync(path, { timeout: 0 });
    try {
      connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return new FileLock(path, connection);
    } catch (error) {
      connection.close();
      if (isBusy(error)) return undefined;
      throw error;
    }
  }

  /**
   * Delete only files whose names are never used again. Otherwise two processes could lock different inodes of one
   * name.
   */
  release({ deleteFile = false } = {}): void {
    this.#connection.close();
    if (deleteFile) rmSync(this.#path, { force: true });
  }
}
