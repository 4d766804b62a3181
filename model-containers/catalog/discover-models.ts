import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { ModelyardError } from '#core';
import { manifestFault } from './check-manifest.ts';
import { identified, type ModelManifest } from './manifest.ts';
import { manifestPath, readManifest } from './read-manifest.ts';

/** The file that identifies the kind of a model. The first match wins. */
const MODEL_FILES = { typescript: 'model.ts', python: 'model.py', onnx: 'model.onnx' } as const;
type ModelKind = keyof typeof MODEL_FILES | 'container';

/** A model folder that this machine can run. */
export interface LocalModel {
  /** Absolute path. */
  readonly folder: string;
  readonly kind: ModelKind;
  readonly manifest: ModelManifest;
}

export interface Discovery {
  /** Sorted by name. */
  readonly models: readonly LocalModel[];
  /** One sentence per unusable folder, with the path. */
  readonly faults: readonly string[];
}

/**
 * Finds all models: subfolders with a manifest and a model file. Broken models are returned as faults. Rejects when a
 * folder cannot be listed. Another `version` reads modules again that were imported before.
 */
export async function discoverModels(roots: readonly string[], version?: number): Promise<Discovery> {
  const folders = (await Promise.all(roots.map((root) => subfolders(resolve(root))))).flat();
  const found = await Promise.all(folders.map((folder) => readModel(folder, version)));
  const models = new Map<string, LocalModel>();
  const faults: string[] = [];
  for (const entry of found) {
    if (typeof entry === 'string') faults.push(entry);
    else if (models.has(entry.manifest.name)) {
      faults.push(`${shown(entry.folder)} is ignored: there is already a model ${entry.manifest.name}.`);
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

async function readModel(folder: string, version: number | undefined): Promise<LocalModel | string> {
  const path = manifestPath(folder);
  if (path === undefined) return `${shown(folder)} is ignored: it has no manifest.ts or manifest.json.`;
  try {
    const manifest = await readManifest(path, version);
    const fault = manifestFault(manifest, basename(folder));
    if (fault !== undefined || !manifest) return `${shown(path)} is ignored: ${fault}.`;
    const kind = manifest.container ? 'container' : modelKind(folder);
    if (kind === undefined)
      return `${shown(folder)} is ignored: it has none of ${Object.values(MODEL_FILES).join(', ')}.`;
    return { folder, kind, manifest: identified(manifest) };
  } catch (error) {
    // Recovery: a broken manifest excludes only its own model.
    return `${shown(path)} is ignored: ${error instanceof Error ? error.message : String(error)}.`;
  }
}

const modelKind = (folder: string): ModelKind | undefined =>
  (Object.keys(MODEL_FILES) as (keyof typeof MODEL_FILES)[]).find((kind) =>
    existsSync(join(folder, MODEL_FILES[kind])),
  );

const shown = (path: string): string => relative(process.cwd(), path) || path;
