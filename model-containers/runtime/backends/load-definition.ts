import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ModelDefinition } from '../define-model.ts';
import { ModelStartError } from './model-backend.ts';
import { readModelFolder } from './model-folder.ts';

type AnyModel = ModelDefinition<unknown, unknown, unknown>;

const MODELS = fileURLToPath(new URL('../../models', import.meta.url));

/**
 * Loads `<folder>/model.ts` or `<folder>/model.onnx`. A bare name is a folder of `model-containers/models`. Rejects
 * when neither exists or the module exports no model.
 */
export async function loadDefinition(folder: string): Promise<AnyModel> {
  const path = resolve(MODELS, folder, 'model.ts');
  const directory = resolve(MODELS, folder);
  if (!existsSync(path) && existsSync(join(directory, 'model.onnx'))) {
    // Loaded only when needed: the native library takes time and memory.
    const { onnxModel } = await import('./onnx/onnx-model.ts');
    return onnxModel(directory, await readModelFolder(directory));
  }
  if (!existsSync(path)) throw new ModelStartError(`There is no model at ${path}.`);
  const { default: definition } = (await import(pathToFileURL(path).href)) as { readonly default?: AnyModel };
  if (definition?.manifest && definition.request && definition.response) return definition;
  const message = `${path} does not export a model: its default export must be made by defineModel.`;
  throw new ModelStartError(message);
}
