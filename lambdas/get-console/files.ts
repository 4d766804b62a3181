import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CacheableText, etagOf } from '#api';
import { ModelyardError } from '#core';

/** The files of the console by name. */
export type ConsoleFiles = ReadonlyMap<string, CacheableText>;

/** Beside the bundle of the handler, and in the repository. */
const FOLDERS = ['./console/', '../../console/dist/'];

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** Reads the built console. Rejects with `route_not_found` while it has not been built. */
export async function readConsoleFiles(): Promise<ConsoleFiles> {
  for (const folder of FOLDERS) {
    const path = fileURLToPath(new URL(folder, import.meta.url));
    const names = (await readdir(path).catch((): string[] => [])).filter((name) => TYPES[extname(name)]);
    if (names.length > 0) return new Map(await Promise.all(names.map((name) => read(path, name))));
  }
  throw new ModelyardError('route_not_found', 'The console has not been built. Run `npm run console`.');
}

async function read(folder: string, name: string): Promise<readonly [string, CacheableText]> {
  const body = await readFile(join(folder, name), 'utf8');
  return [name, { body, contentType: TYPES[extname(name)] ?? '', etag: etagOf(body) }];
}
