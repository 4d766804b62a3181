import { ModelyardError, UNREACHABLE, type Unavailable, unavailable } from '#core';

/** Primary result codes of SQLite: https://www.sqlite.org/rescode.html */
const CODE = { busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** What the result codes mean for whoever has to do something about it. */
const SENTENCES: ReadonlyMap<number, string> = new Map([
  [CODE.busy, 'The database is locked by another program.'],
  [CODE.readOnly, 'The data folder cannot be written to.'],
  [CODE.ioError, 'The data folder cannot be read or written: the disk may be full or damaged.'],
  [CODE.corrupt, 'The database file is damaged.'],
  [CODE.full, 'The disk of the data folder is full.'],
  [CODE.cannotOpen, 'The database file cannot be opened.'],
  [CODE.notADatabase, 'The database file is damaged.'],
]);

/** The primary result code of an error of SQLite; undefined for any other error. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  // The upper bytes tell variants of the same result apart.
  return error.errcode & 0xff;
}

/** Another connection holds the lock; the same call succeeds when that one has committed. */
export const isBusy = (error: unknown): boolean => resultCode(error) === CODE.busy;

/** The content of the file is not what SQLite has written. */
export function isDamaged(error: unknown): boolean {
  const code = resultCode(error);
  return code === CODE.corrupt || code === CODE.notADatabase;
}

/** A sentence about what is wrong with the database; undefined for errors that are not of SQLite. */
export const sentenceOf = (error: unknown): string | undefined => SENTENCES.get(resultCode(error) ?? -1);

/** Rejects with the error that callers of a port expect; its cause is what SQLite or the file system said. */
export async function translated<T>(code: Unavailable, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ModelyardError) throw error;
    throw unavailable(code, sentenceOf(error) ?? UNREACHABLE[code], error);
  }
}

/** Codes of the file system, and what they mean for a data folder. */
const FOLDER_SENTENCES: ReadonlyMap<unknown, string> = new Map([
  ['EACCES', 'it may not be written to by this user'],
  ['EPERM', 'it may not be written to by this user'],
  ['EROFS', 'it may not be written to'],
  ['EEXIST', 'it is a file'],
  ['ENOTDIR', 'a part of its path is a file'],
  ['ENOSPC', 'its disk is full'],
  ['EDQUOT', 'its disk is full'],
  ['EFBIG', 'its disk is full'],
]);

/** Why a data folder cannot be used, as part of a sentence. */
export function folderTrouble(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const known = FOLDER_SENTENCES.get(code);
  if (known !== undefined) return known;
  return error instanceof Error ? error.message : String(error);
}

/** What callers are told when the file system refuses to keep or to give a blob. */
export function blobTrouble(error: unknown): ModelyardError {
  if (error instanceof ModelyardError) return error;
  return unavailable('store_unavailable', `The data folder cannot be used: ${folderTrouble(error)}.`, error);
}
