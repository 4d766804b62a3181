import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModelManifest } from './manifest.ts';

/** In the order of precedence. */
const MANIFEST_FILES = ['manifest.ts', 'manifest.json'] as const;

export const manifestPath = (folder: string): string | undefined =>
  MANIFEST_FILES.map((file) => join(folder, file)).find((path) => existsSync(path));

/**
 * Reads the `manifest` export of a module, or a JSON file, without validation. Rejects when the file cannot be read or
 * its code throws. A module is read again for each other `version`.
 */
export async function readManifest(path: string, version?: number): Promise<ModelManifest | undefined> {
  if (path.endsWith('.json')) return JSON.parse(await readFile(path, 'utf8')) as ModelManifest;
  const query = version === undefined ? '' : `?version=${version}`;
  const { manifest } = (await import(pathToFileURL(path).href + query)) as { readonly manifest?: ModelManifest };
  return manifest;
}
