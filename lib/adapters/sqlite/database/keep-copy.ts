import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/** Writes file and log into one copy and syncs it to the disk. */
export function keepCopy(connection: DatabaseSync, copy: string): void {
  rmSync(copy, { force: true });
  connection.prepare('VACUUM INTO ?').run(copy);
  const descriptor = openSync(copy, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
