import { mkdirSync, mkdtempSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModelyardError } from '#core';
import { FileLock } from './database/file-lock.ts';
import { folderTrouble } from './errors.ts';

/** A data folder. One system at a time may use it; the processes of that system share it. */
export interface DataFolder {
  readonly folder: string;
  /** Unlocks the folder. Deletes a temporary one. */
  release(): Promise<void>;
}

const LOCK = 'system.lock';
const TEMPORARY = 'modelyard-temporary-';
/** Minimum age for deletion: a new folder is locked shortly after its creation. */
const ABANDONED_AFTER_MS = 60_000;

/**
 * Locks a folder for one system; undefined creates a temporary one. Rejects with one sentence if another system uses it
 * or if it cannot be written to.
 */
export async function takeDataFolder(folder: string | undefined): Promise<DataFolder> {
  if (folder === undefined) return takeTemporaryFolder();
  const lock = lockFolder(folder);
  if (lock) return { folder, release: async () => lock.release() };
  throw new ModelyardError(
    'internal',
    `Another Modelyard is running on the data folder ${folder}; stop it, or choose another folder with --data.`,
  );
}

function lockFolder(folder: string): FileLock | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return FileLock.tryTake(join(folder, LOCK));
  } catch (error) {
    const why = folderTrouble(error);
    throw new ModelyardError('internal', `The data folder ${folder} cannot be used: ${why}.`, { cause: error });
  }
}

async function takeTemporaryFolder(): Promise<DataFolder> {
  await deleteAbandoned();
  const folder = mkdtempSync(join(tmpdir(), TEMPORARY));
  const lock = lockFolder(folder);
  return {
    folder,
    async release() {
      lock?.release();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Deletes temporary folders of killed systems. */
async function deleteAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(TEMPORARY)) continue;
    const folder = join(tmpdir(), name);
    try {
      if (Date.now() - (await stat(folder)).mtimeMs < ABANDONED_AFTER_MS) continue;
      const lock = FileLock.tryTake(join(folder, LOCK));
      if (!lock) continue;
      lock.release();
      await rm(folder, { recursive: true, force: true });
    } catch {
      // Recovery: it belongs to another user, or is being deleted.
    }
  }
}
