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
  const imported = import(pathToFileURL(path).href).catch((error) => Promise.reject(withHint(error)));
  const { default: definition } = (await imported) as { readonly default?: AnyModel };
  if (definition?.manifest && definition.request && definition.response) return definition;
  const message = `${path} does not export a model: its default export must be made by defineModel.`;
  throw new ModelStartError(message);
}

/** Tells how to make messages that are missing or older than their contract. */
function withHint(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const [, name] = /proto\/(?:gen\/)?models\/(\w+)\.ts'/.exec(error.message) ?? [];
  const [, message] = /does not provide an export named '(\w+)'/.exec(error.message) ?? [];
  const isMissing = 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  if (name === undefined || !(isMissing || message !== undefined)) return error;
  const what = message === undefined ? 'has no generated messages' : `has no generated message ${message}`;
  const steps = `Check proto/models/${name}.proto and run \`npm run generate\`.`;
  return new ModelStartError(`The contract ${name} ${what}. ${steps}`);
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
