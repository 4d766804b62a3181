import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BlobStreams } from '#core';
import { blobTrouble } from '../errors.ts';
import type { FileBlobStore } from './file-blob-store.ts';

/** The files of a blob store, piece by piece. */
export function fileBlobStreams(store: Pick<FileBlobStore, 'pathOf' | 'isSynced'>): BlobStreams {
  return {
    async write(key, pieces) {
      const path = store.pathOf(key);
      const unfinished = `${path}.${randomUUID()}.tmp`;
      try {
        await mkdir(dirname(path), { recursive: true }).catch(rejectAsTrouble);
        await using file = await open(unfinished, 'wx').catch(rejectAsTrouble);
        for await (const piece of pieces) await file.writeFile(piece).catch(rejectAsTrouble);
        if (store.isSynced) await file.datasync().catch(rejectAsTrouble);
        await rename(unfinished, path).catch(rejectAsTrouble);
      } catch (error) {
        await rm(unfinished, { force: true }).catch(() => undefined);
        throw error;
      }
    },
    async read(key) {
      const path = store.pathOf(key);
      const size = await sizeOf(path);
      return size === undefined ? undefined : { size, pieces: piecesOf(path) };
    },
    sizeOf: (key) => sizeOf(store.pathOf(key)),
  };
}

async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  for await (const piece of createReadStream(path)) yield piece;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw blobTrouble(error);
  }
}

function rejectAsTrouble(error: unknown): never {
  throw blobTrouble(error);
}
