import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isBusy } from '../errors.ts';

/**
 * An exclusive lock on a file that the operating system releases when this process ends, however it ends. Node has
 * no file locks of its own; those of SQLite work on every system, and within one process too.
 */
export class FileLock {
  readonly #path: string;
  readonly #connection: DatabaseSync;

  private constructor(path: string, connection: DatabaseSync) {
    this.#path = path;
    this.#connection = connection;
  }

  /** Undefined while somebody holds it. Throws when the file cannot be created. */
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

  /** Files of names that nobody uses again may be deleted; others would be locked twice, once under each inode. */
  release({ deleteFile = false } = {}): void {
    this.#connection.close();
    if (deleteFile) rmSync(this.#path, { force: true });
  }
}
