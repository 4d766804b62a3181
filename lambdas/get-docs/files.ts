import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, extname } from 'node:path';
import { type CacheableText, etagOf } from '#api';
// Package files in the handler's bundle.
import packageFiles from './files.json' with { type: 'json' };
import { START_FILE, START_SCRIPT } from './page.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** The files of the page by name, read at first use. Rejects when a file is missing. */
export async function readPageFiles(): Promise<ReadonlyMap<string, CacheableText>> {
  const { resolve } = createRequire(import.meta.url);
  const read = packageFiles.map(async (path): Promise<readonly [string, string]> => {
    const text = await readFile(resolve(path), 'utf8');
    // Source maps are not served, so browsers must not request them.
    return [basename(path), text.replace(/\n(?:\/\/|\/\*)# sourceMappingURL=.*$/, '')];
  });
  const files = new Map([...(await Promise.all(read)), [START_FILE, START_SCRIPT] as const]);
  return new Map([...files].map(([name, body]) => [name, cacheable(name, body)]));
}

const cacheable = (name: string, body: string): CacheableText => ({
  body,
  contentType: TYPES[extname(name)] ?? 'application/octet-stream',
  etag: etagOf(body),
});
