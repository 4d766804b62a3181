import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModelDefinition } from '../define-model.ts';
import { ModelStartError } from './model-backend.ts';
import { modelFolderOf } from './model-entry.ts';
import { readModelFolder } from './model-folder.ts';

type AnyModel = ModelDefinition<unknown, unknown, unknown>;

/**
 * Imports `<folder>/model.ts`, or makes a model of `<folder>/model.onnx` or of the manifest's container; a bare name is a
 * folder of `model-containers/models`. `containerUrl` is where a container runs already. Rejects when there is none of
 * them, or the module exports no model.
 */
export async function loadDefinition(given: string, containerUrl?: string): Promise<AnyModel> {
  const folder = modelFolderOf(given);
  const path = join(folder, 'model.ts');
  if (!existsSync(path)) return loadWithoutCode(folder, containerUrl);
  const { default: definition } = (await import(pathToFileURL(path).href)) as { readonly default?: AnyModel };
  if (definition?.manifest && definition.request && definition.response) return definition;
  const message = `${path} does not export a model: its default export must be made by defineModel.`;
  throw new ModelStartError(message);
}

/** Each is loaded for its own models only: they take time and memory. */
async function loadWithoutCode(folder: string, url: string | undefined): Promise<AnyModel> {
  const described = await readModelFolder(folder);
  if (described.manifest.container) {
    const { httpModel } = await import('./http/http-model.ts');
    return (await httpModel({ folder, described, url })) as unknown as AnyModel;
  }
  if (!existsSync(join(folder, 'model.onnx'))) throw new ModelStartError(`There is no model in ${folder}.`);
  const { onnxModel } = await import('./onnx/onnx-model.ts');
  return onnxModel(folder, described);
}
