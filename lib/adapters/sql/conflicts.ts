import { setTimeout as sleep } from 'node:timers/promises';

const MAX_ATTEMPTS = 10;
const FIRST_PAUSE_MS = 10;
/** SQLSTATE of a serialization failure, of a deadlock, and of a key that another transaction inserted first. */
const CONFLICTS: readonly unknown[] = ['40001', '40P01', '23505'];
/** Another process holds the write lock of the file. */
const SQLITE_BUSY = 5;

/** Another transaction changed the same rows, or the schema, first. The transaction can be repeated. */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  return CONFLICTS.includes(code) || (typeof errcode === 'number' && (errcode & 0xff) === SQLITE_BUSY);
}

/** Runs an operation again after a conflict, at most ten times, with growing pauses. */
export async function withRetries<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
      await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
    }
  }
}
