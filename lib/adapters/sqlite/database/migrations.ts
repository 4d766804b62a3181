import type { DatabaseSync } from 'node:sqlite';
import { ModelyardError } from '#core';
import { keepCopy } from './keep-copy.ts';

/**
 * Schema migrations in order. `user_version` of a database is the number of applied steps. Never change a released
 * step; append a new one. Times are Unix milliseconds.
 */
const MIGRATIONS: readonly string[] = [
  `
  -- Processes that use the database. A row whose lock file nobody holds is of one that died.
  CREATE TABLE processes (
    id INTEGER PRIMARY KEY,
    pid INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
  ) STRICT;

  -- Every task. Rows are in the order of creation; what is large stands last.
  CREATE TABLE tasks (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    model TEXT NOT NULL,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    fence INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    copy INTEGER,
    started_alone INTEGER,
    copies INTEGER,
    resent_at INTEGER,
    sent_at INTEGER,
    contract_hash TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deadline_at INTEGER NOT NULL,
    retained_until INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    -- A JSON object.
    error TEXT,
    result_contract_hash TEXT,
    -- Of a result in the blob store.
    result_key TEXT,
    result_size INTEGER,
    result BLOB,
    dead_letter BLOB
  ) STRICT;
  CREATE INDEX tasks_of_owner ON tasks (owner, created_at, id);
  CREATE INDEX tasks_by_expiry ON tasks (retained_until);
  CREATE INDEX tasks_given_up ON tasks (model, retained_until) WHERE dead_letter IS NOT NULL;

  -- Messages of all queues, those of dead letters included.
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    -- The end of its lease or of its delay; 0 while it is available.
    available_at INTEGER NOT NULL,
    -- The process that holds it.
    owner INTEGER,
    -- Grows with each delivery: tells the present holder from those before.
    receipt INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    losses INTEGER NOT NULL,
    is_suspect INTEGER NOT NULL,
    -- Of a dead letter: a JSON object.
    reason TEXT,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX messages_in_order ON messages (queue, available_at);

  CREATE TABLE models (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE instances (
    model TEXT NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    heard_at INTEGER NOT NULL,
    process INTEGER NOT NULL,
    PRIMARY KEY (model, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE contracts (
    hash TEXT PRIMARY KEY,
    request_message TEXT NOT NULL,
    response_message TEXT NOT NULL,
    descriptor_set BLOB NOT NULL
  ) STRICT;

  CREATE TABLE users (
    name_key TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    method TEXT NOT NULL,
    route TEXT NOT NULL,
    model TEXT,
    task_id TEXT,
    status INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    duration_ms REAL NOT NULL,
    request_id TEXT NOT NULL
  ) STRICT;
  CREATE INDEX calls_of_owner ON calls (owner, started_at, id);
  CREATE INDEX calls_by_age ON calls (started_at);
  `,
  `
  -- State, keys and sessions of a user: a JSON object.
  ALTER TABLE users ADD COLUMN account TEXT NOT NULL DEFAULT '{}';
  `,
  `
  ALTER TABLE calls ADD COLUMN key_id TEXT;
  ALTER TABLE calls ADD COLUMN bytes_in INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE calls ADD COLUMN bytes_out INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- The last cancel of each model.
  CREATE TABLE cancel_marks (
    model TEXT PRIMARY KEY,
    mark TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Counts of ended tasks by minute: a JSON object.
  CREATE TABLE task_stats (
    model TEXT NOT NULL,
    minute INTEGER NOT NULL,
    counts TEXT NOT NULL,
    PRIMARY KEY (model, minute)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- What users have used lately, for their limits: a JSON document.
  CREATE TABLE usage (
    owner TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE tasks ADD COLUMN round INTEGER;
  ALTER TABLE tasks ADD COLUMN instance TEXT;
  -- A JSON array.
  ALTER TABLE tasks ADD COLUMN history TEXT;
  ALTER TABLE tasks ADD COLUMN envelope BLOB;
  `,
  `
  -- An owner and a priority. Flows take turns.
  ALTER TABLE messages ADD COLUMN flow TEXT NOT NULL DEFAULT '';
  -- The lowest is delivered first; 0 in queues of dead letters.
  ALTER TABLE messages ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
  DROP INDEX messages_in_order;
  CREATE INDEX messages_in_order ON messages (queue, available_at, turn);
  CREATE INDEX messages_of_flow ON messages (queue, flow, turn);
  -- The highest turn that was delivered from each queue.
  CREATE TABLE served_turns (
    queue TEXT PRIMARY KEY,
    turn INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Requests that were submitted together: a JSON document.
  CREATE TABLE batches (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    retained_until INTEGER NOT NULL,
    document TEXT NOT NULL
  ) STRICT;
  CREATE INDEX batches_of_owner ON batches (owner);
  CREATE INDEX batches_by_expiry ON batches (retained_until);
  `,
  `
  -- What the model told of its runs: a JSON object.
  ALTER TABLE tasks ADD COLUMN progress TEXT;
  `,
  `
  CREATE TABLE webhooks (key TEXT PRIMARY KEY, version INTEGER NOT NULL, document TEXT NOT NULL, expires_at INTEGER, due_at INTEGER) STRICT;
  CREATE INDEX webhooks_due ON webhooks (due_at); CREATE INDEX webhooks_by_expiry ON webhooks (expires_at);
  `,
  `
  CREATE TABLE places (number INTEGER PRIMARY KEY, model TEXT NOT NULL, key TEXT NOT NULL, UNIQUE (model, key)) STRICT;
  CREATE INDEX places_in_order ON places (model, number);
  `,
];

/** "Mdyd" in the file header identifies a database of this program. */
const APPLICATION_ID = 0x4d647964;

/**
 * Migrates a database to the newest version in one transaction, after saving a copy. Throws one sentence and changes
 * nothing if the database has a newer version or belongs to another program.
 */
export function migrate(connection: DatabaseSync, file: string, migrations = MIGRATIONS): void {
  const before = inspect(connection, file, migrations.length);
  if (before === migrations.length) return;
  // Has no effect on a non-empty file.
  if (before === 0) connection.exec('PRAGMA auto_vacuum = INCREMENTAL');
  else keepCopy(connection, `${file}.v${before}`);
  connection.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have migrated it in the meantime.
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
