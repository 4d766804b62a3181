import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModelManifest } from '#catalog/manifest.ts';
import { manifestPath, readManifest } from '#catalog/read-manifest.ts';
import { ModelStartError } from './model-backend.ts';

/** The parts of a model besides its code. */
interface ModelParts {
  readonly manifest: ModelManifest;
  /** The exports of the generated module. */
  readonly messages: Readonly<Record<string, unknown>>;
}

/**
 * Reads the manifest and the messages of a folder. Rejects with `ModelStartError`. In a bundle, which contains them,
 * `lib/bundling` replaces this module.
 */
export async function readParts(folder: string): Promise<ModelParts> {
  const path = manifestPath(folder);
  const manifest = path === undefined ? undefined : await readManifest(path);
  if (!manifest) throw new ModelStartError(`There is no model at ${join(folder, 'model.ts')}.`);
  const messages = (await import(pathToFileURL(generatedPath(folder)).href)) as Record<string, unknown>;
  return { manifest: { ...manifest, name: basename(folder) }, messages };
}

/** `proto/gen/models/<name>.ts` in the nearest folder above that has it. */
function generatedPath(folder: string): string {
  const name = basename(folder);
  for (let root = dirname(folder); ; root = dirname(root)) {
    const path = join(root, 'proto', 'gen', 'models', `${name}.ts`);
    if (existsSync(path)) return path;
    if (root !== dirname(root)) continue;
    const steps = `Write proto/models/${name}.proto and run \`npm run generate\`.`;
    throw new ModelStartError(`The model ${name} has no generated messages. ${steps}`);
  }
}
