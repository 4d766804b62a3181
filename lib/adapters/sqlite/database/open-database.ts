import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ModelyardError } from '#core';
import { folderTrouble, isBusy, isDamaged, sentenceOf } from '../errors.ts';
import { Database } from './database.ts';
import { migrate } from './migrate.ts';

/**
 * What a commit survives. `none`: nothing but this moment, for data that nobody keeps. `process`: the death of any
 * process, kill -9 included; after a power failure the commits of the last moments may be missing. `power`: a power
 * failure too, because every commit waits for the disk.
 */
export const DURABILITIES = ['process', 'power', 'none'] as const;
export type Durability = (typeof DURABILITIES)[number];

export interface OpenOptions {
  /** Is created when it does not exist. */
  readonly folder: string;
  /** @default 'process' */
  readonly durability?: Durability;
  /** See `DatabaseOptions`. */
  readonly patienceMs?: number;
  /** Whether to look for damage first, in files of at most 64 MiB. @default false */
  readonly isChecked?: boolean;
}

const SYNCHRONOUS: Readonly<Record<Durability, string>> = { none: 'OFF', process: 'NORMAL', power: 'FULL' };

const FILE = 'modelyard.db';
/** How long opening waits for processes that are opening, migrating or closing it. */
const OPEN_WAIT_MS = 10_000;
/** Pages of the write-ahead log after which its content goes to the database file: 16 MiB, rarely enough to be cheap. */
const CHECKPOINT_PAGES = 4096;
/** A log that grew larger during a long read is cut down to this many bytes. */
const KEPT_LOG_BYTES = 64 * 1024 * 1024;
const CACHE_KIB = 32 * 1024;
/** A check of this size takes a fifth of a second. Damage in larger files is reported by the call that meets it. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

/**
 * Opens the database of a data folder, and creates or migrates it first where necessary. Throws one sentence when it
 * cannot be used: no rights, no space, a damaged file, or a file of a newer version.
 */
export function openDatabase({ folder, durability = 'process', patienceMs, isChecked = false }: OpenOptions): Database {
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
    return new Database(connection, patienceMs === undefined ? {} : { patienceMs });
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

/** Only with a write-ahead log do readers and writers of several processes not wait for each other. */
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
