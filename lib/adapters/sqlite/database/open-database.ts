import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ModelyardError } from '#core';
import { folderTrouble, isBusy, isDamaged, sentenceOf } from '../errors.ts';
import { Database } from './database.ts';
import { migrate } from './migrations.ts';

/**
 * Which failures a commit survives. `process`: the end of any process, including SIGKILL; a power failure may lose the
 * last commits. `power`: a power failure too, because every commit waits for the disk. `none`: neither; for temporary
 * data.
 */
export const DURABILITIES = ['process', 'power', 'none'] as const;
export type Durability = (typeof DURABILITIES)[number];

export interface OpenOptions {
  /** Created if it does not exist. */
  readonly folder: string;
  /** @default 'process' */
  readonly durability?: Durability;
  /** See `DatabaseOptions`. */
  readonly lockTimeoutMs?: number;
  /** Checks files of at most 64 MiB for damage first. @default false */
  readonly isChecked?: boolean;
}

const SYNCHRONOUS: Readonly<Record<Durability, string>> = { none: 'OFF', process: 'NORMAL', power: 'FULL' };

const FILE = 'modelyard.db';
/** Time to wait for processes that open, migrate or close the database. */
const OPEN_WAIT_MS = 10_000;
/** Pages in the write-ahead log that start a checkpoint: 16 MiB. */
const CHECKPOINT_PAGES = 4096;
/** Size to which a checkpoint truncates a larger log. */
const KEPT_LOG_BYTES = 64 * 1024 * 1024;
const CACHE_KIB = 32 * 1024;
/** Checking this much takes about 0.2 s. In larger files, damage is reported when a query reads it. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

/**
 * Opens the database of a data folder; creates or migrates it first if necessary. Throws one sentence when the database
 * cannot be used: no permission, no space, a damaged file, or a file of a newer version.
 */
export function openDatabase({
  folder,
  durability = 'process',
  lockTimeoutMs,
  isChecked = false,
}: OpenOptions): Database {
  const file = join(folder, FILE);
  let connection: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    connection = new DatabaseSync(file, { timeout: OPEN_WAIT_MS });
    if (isChecked && statSync(file).size <= MAX_CHECKED_BYTES) check(connection, file);
    migrate(connection, file);
    useLog(connection, folder);
    connection.exec(`
      PRAGMA synchronous = ${SYNCHRONOUS[durability]};
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${KEPT_LOG_BYTES};
      PRAGMA cache_size = -${CACHE_KIB};
      PRAGMA busy_timeout = 0;
    `);
    return new Database(connection, lockTimeoutMs === undefined ? {} : { lockTimeoutMs });
  } catch (error) {
    connection?.close();
    if (error instanceof ModelyardError) throw error;
    throw new ModelyardError('internal', refusal(folder, file, error), { cause: error });
  }
}

const damaged = (file: string): string =>
  `The database ${file} is damaged; nothing in it was changed. Move it away to start with an empty one.`;

/** Throws one sentence when the structure of the file is broken. */
function check(connection: DatabaseSync, file: string): void {
  const [first] = connection.prepare('PRAGMA quick_check(1)').all();
  if (first?.quick_check !== 'ok') throw new ModelyardError('internal', damaged(file));
}

/** With a write-ahead log, readers and writers do not block each other. */
function useLog(connection: DatabaseSync, folder: string): void {
  const mode = connection.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
  if (mode === 'wal') return;
  throw new ModelyardError(
    'internal',
    `The file system of ${folder} has no shared memory for several processes; choose a folder on a local disk.`,
  );
}

function refusal(folder: string, file: string, error: unknown): string {
  if (isDamaged(error)) return damaged(file);
  if (isBusy(error)) return `The database ${file} is locked by another program.`;
  const sentence = sentenceOf(error);
  if (sentence !== undefined) return `The data folder ${folder} cannot be used. ${sentence}`;
  return `The data folder ${folder} cannot be used: ${folderTrouble(error)}.`;
}
