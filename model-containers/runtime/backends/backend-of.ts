import { existsSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { contractOf } from '#contract';
import type { ModelBackend } from './model-backend.ts';
import { MODEL_ENTRY, modelFolderOf, PYTHON_PACKAGE } from './model-entry.ts';
import { readModelFolder } from './model-folder.ts';
import { processBackend } from './process-backend.ts';

interface BackendOptions {
  /** Path of the Python interpreter that has the model's packages. */
  readonly python: string;
  /** Where the container of the model runs already. */
  readonly containerUrl: string | undefined;
  /** Variables of the model process. */
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Selects the backend of a model folder: Python for `model.py`, otherwise Node. Rejects with `ModelStartError` when a
 * Python model has no manifest or no messages.
 */
export async function backendOf(given: string, options: BackendOptions): Promise<ModelBackend> {
  const { python, containerUrl, environment } = options;
  const folder = modelFolderOf(given);
  if (!existsSync(join(folder, 'model.py'))) {
    // The warning is about node:sqlite, which the worker of the lifecycle uses.
    const args = [
      '--disable-warning=ExperimentalWarning',
      MODEL_ENTRY,
      given,
      ...(containerUrl === undefined ? [] : [containerUrl]),
    ];
    return processBackend({ command: process.execPath, arguments: args, environment: withPython(environment, python) });
  }
  const { manifest, request, response } = await readModelFolder(folder);
  const { requestMessage, responseMessage, descriptorSet } = contractOf(request, response);
  return processBackend({
    command: python,
    arguments: ['-m', 'modelyard', folder],
    folder,
    environment: { ...environment, PYTHONPATH: PYTHON_PACKAGE, PYTHONUNBUFFERED: '1' },
    load: {
      manifest: JSON.stringify(manifest),
      request_message: requestMessage,
      response_message: responseMessage,
      descriptor_set: descriptorSet,
    },
  });
}

/** The command of a container finds the programs of its virtual environment. */
const withPython = (environment: NodeJS.ProcessEnv, python: string): NodeJS.ProcessEnv =>
  isAbsolute(python)
    ? { ...environment, PATH: `${dirname(python)}${delimiter}${environment.PATH ?? ''}` }
    : environment;
