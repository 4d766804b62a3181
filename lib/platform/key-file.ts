import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type KeyRing, ModelyardError, newKeyRing, parseKeyRing, rotateKeyRing } from '#core';

const SECRET_MODE = 0o600;
const OTHERS = 0o077;

/**
 * Opens the file with the keys that sign tokens, and creates it when there is none; of several processes one does. A
 * file that is there may be in a folder that is read only. Rejects with one sentence when others may read it, or when it
 * is not such a file.
 */
export async function openKeyFile(path: string): Promise<() => Promise<KeyRing>> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (!isThere) await createKeyFile(path);
  await readKeyFile(path);
  return () => readKeyFile(path);
}

async function createKeyFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const own = await writeBeside(path, newKeyRing());
  try {
    await link(own, path);
  } catch (error) {
    // Recovery: the file that another process has made is used.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/** Adds a new key to the file. Tokens of the key before stay valid. */
export async function rotateKeyFile(path: string, now: number): Promise<void> {
  await rename(await writeBeside(path, rotateKeyRing(await readKeyFile(path), now)), path);
}

async function readKeyFile(path: string): Promise<KeyRing> {
  const file = await stat(path);
  if (!file.isFile()) throw new ModelyardError('internal', `${path} is no file: signing keys are kept in one.`);
  if ((file.mode & OTHERS) !== 0) {
    throw new ModelyardError('internal', `Others may read ${path}, which has signing keys: run chmod 600 on it.`);
  }
  const ring = parseKeyRing(await readFile(path, 'utf8'));
  if (ring) return ring;
  throw new ModelyardError('internal', `The file ${path} has no signing keys. Delete it to have new ones made.`);
}

/** A complete file appears under its name at once. */
async function writeBeside(path: string, ring: KeyRing): Promise<string> {
  const beside = `${path}.${randomUUID()}`;
  await writeFile(beside, JSON.stringify(ring), { mode: SECRET_MODE, flag: 'wx' });
  return beside;
}
