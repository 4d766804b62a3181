import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Artifact, type ArtifactStore, isArtifactHash, ModelyardError, unavailable } from '#core';

/** Artifacts as files of a folder, which several processes share. */
export class FileArtifactStore implements ArtifactStore {
  readonly #folder: string;

  /** The folder is created at the first write. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  put(bytes: Uint8Array): Promise<Artifact> {
    const hash = createHash('sha256').update(bytes).digest('hex');
    return this.#store({ hash, size: bytes.byteLength }, (path) => writeFile(path, bytes));
  }

  async putFile(path: string): Promise<Artifact> {
    const artifact = await hashFile(path);
    return this.#store(artifact, (copy) => copyFile(path, copy));
  }

  async read(hash: string): Promise<Uint8Array> {
    return readFile(await this.fileOf(hash));
  }

  async fileOf(hash: string): Promise<string> {
    const path = this.#pathOf(hash);
    if (isArtifactHash(hash) && (await exists(path))) return path;
    throw new ModelyardError('resource_not_found', `There is no artifact ${hash}.`);
  }

  async take(key: string): Promise<Artifact> {
    const inbox = join(this.#folder, 'inbox');
    const path = join(inbox, key);
    if (path.startsWith(inbox + sep) && (await exists(path))) return this.putFile(path);
    throw new ModelyardError('resource_not_found', `There is no object ${key} in the inbox of the artifacts.`);
  }

  async delete(hash: string): Promise<void> {
    if (isArtifactHash(hash)) await rm(this.#pathOf(hash), { force: true });
  }

  /** A reader never sees a part of a file, because it gets its name when it is complete. */
  async #store(artifact: Artifact, write: (path: string) => Promise<void>): Promise<Artifact> {
    const path = this.#pathOf(artifact.hash);
    if (await exists(path)) return artifact;
    const draft = `${path}.${randomUUID()}`;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await write(draft);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw unavailable('store_unavailable', 'The artifact store cannot be written to.', error);
    }
    return artifact;
  }

  #pathOf(hash: string): string {
    return join(this.#folder, hash.slice(0, 2), hash);
  }
}

/** Hash and size of a file, without loading it. */
async function hashFile(path: string): Promise<Artifact> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { hash: hash.digest('hex'), size: (await stat(path)).size };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
