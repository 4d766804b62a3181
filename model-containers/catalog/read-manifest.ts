import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModelManifest } from './manifest.ts';

/** The names that a manifest may have, in the order in which they are looked for. */
const MANIFEST_FILES = ['manifest.ts', 'manifest.json'] as const;

/** The path of the folder's manifest; undefined without one. */
export const manifestPath = (folder: string): string | undefined =>
  MANIFEST_FILES.map((file) => join(folder, file)).find((path) => existsSync(path));

/**
 * The manifest at `path`, unchecked: an export of a module, or a JSON file. Rejects when the file cannot be read or its
 * code throws.
 */
export async function readManifest(path: string): Promise<ModelManifest | undefined> {
  if (path.endsWith('.json')) return JSON.parse(await readFile(path, 'utf8')) as ModelManifest;
  const { manifest } = (await import(pathToFileURL(path).href)) as { readonly manifest?: ModelManifest };
  return manifest;
}
