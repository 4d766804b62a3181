import { access, readdir } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ModelyardError } from '#core';
import { manifestFault } from './check-manifest.ts';
import type { ModelManifest } from './manifest.ts';

/** A model folder that can be run here. */
export interface LocalModel {
  /** Absolute path. */
  readonly folder: string;
  readonly manifest: ModelManifest;
}

export interface Discovery {
  /** Sorted by name. */
  readonly models: readonly LocalModel[];
  /** One sentence per unusable folder, with the path of the file. */
  readonly faults: readonly string[];
}

/**
 * Finds the models: subfolders with a `manifest.ts` and a `model.ts`. Reports broken ones as faults. Rejects when a
 * folder cannot be listed.
 */
export async function discoverModels(roots: readonly string[]): Promise<Discovery> {
  const folders = (await Promise.all(roots.map(subfolders))).flat();
  const found = await Promise.all(folders.map(readModel));
  const models = new Map<string, LocalModel>();
  const faults: string[] = [];
  for (const entry of found) {
    if (typeof entry === 'string') faults.push(entry);
    else if (models.has(entry.manifest.name)) {
      faults.push(`${shown(entry.folder)} is left out: there is a model ${entry.manifest.name} already.`);
    } else models.set(entry.manifest.name, entry);
  }
  return {
    models: [...models.values()].sort((a, b) => (a.manifest.name < b.manifest.name ? -1 : 1)),
    faults,
  };
}

async function subfolders(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new ModelyardError('internal', `The model folder ${root} cannot be listed: ${error.code}.`, { cause: error });
  });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => join(root, entry.name))
    .sort();
}

async function readModel(folder: string): Promise<LocalModel | string> {
  for (const file of ['manifest.ts', 'model.ts']) {
    const isThere = await access(join(folder, file)).then(
      () => true,
      () => false,
    );
    if (!isThere) return `${shown(folder)} is left out: it has no ${file}.`;
  }
  const path = join(folder, 'manifest.ts');
  try {
    const { manifest } = (await import(pathToFileURL(path).href)) as { readonly manifest?: ModelManifest };
    const fault = manifestFault(manifest, basename(folder));
    if (fault !== undefined || !manifest) return `${shown(path)} is left out: ${fault}.`;
    return { folder, manifest };
  } catch (error) {
    // Recovery: a broken manifest excludes only its own model.
    return `${shown(path)} is left out: ${error instanceof Error ? error.message : String(error)}.`;
  }
}

const shown = (path: string): string => relative(process.cwd(), path) || path;
