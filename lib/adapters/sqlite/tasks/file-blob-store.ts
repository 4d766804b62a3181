import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BlobStore, MAX_DEADLINE_SECONDS, ModelyardError, RETENTION_SECONDS } from '#core';
import type { Durability } from '../database/open-database.ts';
import { blobTrouble } from '../errors.ts';

interface FileBlobStoreOptions {
  /** Created with the first blob. */
  readonly folder: string;
  readonly durability: Durability;
}

/** The longest retention of a task. */
const LONGEST_KEPT_MS = (MAX_DEADLINE_SECONDS + RETENTION_SECONDS) * 1000;

/** Keys become paths: `.` and `..` are not allowed as segments. */
const KEY = /^(?!\.{1,2}(\/|$))[\w.-]+(?:\/(?!\.{1,2}(\/|$))[\w.-]+)*$/;

/**
 * Stores blobs as files. A file is written under a temporary name and then renamed, so that readers never see a partial
 * file.
 */
export class FileBlobStore implements BlobStore {
  readonly #folder: string;
  readonly #durability: Durability;
  #isClosed = false;

  constructor({ folder, durability }: FileBlobStoreOptions) {
    this.#folder = folder;
    this.#durability = durability;
  }

  /** Whether files survive a power failure. */
  get isSynced(): boolean {
    return this.#durability !== 'none';
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(key);
    const unfinished = `${path}.${randomUUID()}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await this.#write(unfinished, bytes);
      await rename(unfinished, path);
      if (this.#durability === 'power') await syncFolder(dirname(path));
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => undefined);
      throw blobTrouble(error);
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.pathOf(key));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw blobTrouble(error);
    }
  }

  /** Deletes the requests and results of these tasks. */
  async deleteOf(taskIds: readonly string[]): Promise<void> {
    for (const folder of await namesIn(this.#folder)) {
      for (const id of taskIds) await rm(join(this.#folder, folder, id), { recursive: true, force: true });
    }
  }

  /** Deletes files older than any task: those of tasks that were never accepted, and partial files. */
  async deleteOrphans(now: number): Promise<void> {
    const oldest = now - LONGEST_KEPT_MS;
    for (const name of await namesIn(this.#folder, { recursive: true })) {
      const path = join(this.#folder, name);
      const file = await stat(path).catch(() => undefined);
      if (file?.isFile() && file.mtimeMs < oldest) await rm(path, { force: true });
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    await using file = await open(path, 'wx');
    await file.writeFile(bytes);
    // Otherwise, a power failure could leave an empty file for a key that a row refers to.
    if (this.isSynced) await file.datasync();
  }

  /** Throws for a key that is not a file name. */
  pathOf(key: string): string {
    if (this.#isClosed) throw blobTrouble(new Error('The blob store is closed.'));
    if (!KEY.test(key)) throw new ModelyardError('internal', 'The key of a blob is not a valid file name.');
    return join(this.#folder, key);
  }
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

/** Names in a folder. Empty if the folder does not exist. */
async function namesIn(folder: string, options: { readonly recursive?: boolean } = {}): Promise<readonly string[]> {
  try {
    return await readdir(folder, { ...options, encoding: 'utf8' });
  } catch {
    // Recovery: the folder does not exist yet.
    return [];
  }
}
