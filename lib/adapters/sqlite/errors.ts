import { ModelyardError, UNREACHABLE, type Unavailable, unavailable } from '#core';

/** Primary result codes of SQLite: https://www.sqlite.org/rescode.html */
const CODE = { busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

const SENTENCES: ReadonlyMap<number, string> = new Map([
  [CODE.busy, 'The database is locked by another program.'],
  [CODE.readOnly, 'The data folder cannot be written to.'],
  [CODE.ioError, 'The data folder cannot be read or written: the disk may be full or damaged.'],
  [CODE.corrupt, 'The database file is damaged.'],
  [CODE.full, 'The disk of the data folder is full.'],
  [CODE.cannotOpen, 'The database file cannot be opened.'],
  [CODE.notADatabase, 'The database file is damaged.'],
]);

/** Undefined for other errors. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  // The upper bytes are a variant of the primary code.
  return error.errcode & 0xff;
}

/** Another connection holds the lock. The call can be repeated. */
export const isBusy = (error: unknown): boolean => resultCode(error) === CODE.busy;

/** The file is not a valid database. */
export function isDamaged(error: unknown): boolean {
  const code = resultCode(error);
  return code === CODE.corrupt || code === CODE.notADatabase;
}

/** Undefined for other errors. */
export const sentenceOf = (error: unknown): string | undefined => SENTENCES.get(resultCode(error) ?? -1);

/** Translates errors of SQLite into errors of the port. */
export async function translated<T>(code: Unavailable, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ModelyardError) throw error;
    throw unavailable(code, sentenceOf(error) ?? UNREACHABLE[code], error);
  }
}

const FOLDER_SENTENCES: ReadonlyMap<unknown, string> = new Map([
  ['EACCES', 'it is not writable by this user'],
  ['EPERM', 'it is not writable by this user'],
  ['EROFS', 'it is not writable'],
  // Also of a new folder on a read-only file system.
  ['ENOENT', 'it cannot be created'],
  ['EEXIST', 'it is a file'],
  ['ENOTDIR', 'a part of its path is a file'],
  ['ENOSPC', 'its disk is full'],
  ['EDQUOT', 'its disk is full'],
  ['EFBIG', 'its disk is full'],
]);

export function folderTrouble(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const known = FOLDER_SENTENCES.get(code);
  if (known !== undefined) return known;
  return error instanceof Error ? error.message : String(error);
}

/** Translates errors of the file system into errors of the port. */
export function blobTrouble(error: unknown): ModelyardError {
  if (error instanceof ModelyardError) return error;
  return unavailable('store_unavailable', `The data folder cannot be used: ${folderTrouble(error)}.`, error);
}
