import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ModelDefinition } from '../define-model.ts';
import { ModelStartError } from './model-backend.ts';

type AnyModel = ModelDefinition<unknown, unknown, unknown>;

const MODELS = fileURLToPath(new URL('../../models', import.meta.url));

/** Imports `<folder>/model.ts`; a bare name is a folder of `model-containers/models`. Rejects when there is none, or it exports no model. */
export async function loadDefinition(folder: string): Promise<AnyModel> {
  const path = resolve(MODELS, folder, 'model.ts');
  if (!existsSync(path)) throw new ModelStartError(`There is no model at ${path}.`);
  const { default: definition } = (await import(pathToFileURL(path).href)) as { readonly default?: AnyModel };
  if (definition?.manifest && definition.request && definition.response) return definition;
  const message = `${path} does not export a model: its default export must be made by defineModel.`;
  throw new ModelStartError(message);
}
