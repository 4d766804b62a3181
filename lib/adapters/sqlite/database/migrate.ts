import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { ModelyardError } from '#core';
import { MIGRATIONS } from './migrations.ts';

/** "Mdyd" in the file header identifies a database of this program. */
const APPLICATION_ID = 0x4d647964;

/**
 * Migrates a database to the newest version in one transaction, after saving a copy. Throws one sentence and changes
 * nothing if the database has a newer version or belongs to another program.
 */
export function migrate(connection: DatabaseSync, file: string, migrations = MIGRATIONS): void {
  const before = inspect(connection, file, migrations.length);
  if (before === migrations.length) return;
  // Has an effect only while the file is empty.
  if (before === 0) connection.exec('PRAGMA auto_vacuum = INCREMENTAL');
  else keepCopy(connection, `${file}.v${before}`);
  connection.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have migrated it meanwhile.
    const version = inspect(connection, file, migrations.length);
    for (const step of migrations.slice(version)) connection.exec(step);
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

/** The version of the database, 0 when it is empty. */
function inspect(connection: DatabaseSync, file: string, newest: number): number {
  const version = pragma(connection, 'user_version');
  const isOurs = pragma(connection, 'application_id') === APPLICATION_ID;
  if (!isOurs && !(version === 0 && isEmpty(connection))) {
    throw new ModelyardError('internal', `The file ${file} is not a database of Modelyard; choose another folder.`);
  }
  if (version > newest) {
    throw new ModelyardError(
      'internal',
      `The database ${file} has version ${version}, and this version of Modelyard reads up to ${newest}: start the newer one that wrote it, or choose another folder.`,
    );
  }
  return version;
}

function pragma(connection: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(connection.prepare(`PRAGMA ${name}`).get()?.[name]);
}

const isEmpty = (connection: DatabaseSync): boolean =>
  connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;

/** Writes file and log into one copy and syncs it to the disk. */
function keepCopy(connection: DatabaseSync, copy: string): void {
  rmSync(copy, { force: true });
  connection.prepare('VACUUM INTO ?').run(copy);
  const descriptor = openSync(copy, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
