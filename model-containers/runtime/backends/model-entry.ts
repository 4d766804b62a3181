import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// Where things are in the repository. `lib/bundling` replaces this module in a bundle.

/** The entry point of the model process. */
export const MODEL_ENTRY = fileURLToPath(new URL('./model-main.ts', import.meta.url));

/** For `PYTHONPATH`. */
export const PYTHON_PACKAGE = fileURLToPath(new URL('../../python', import.meta.url));

const MODELS = fileURLToPath(new URL('../../models', import.meta.url));

/** The folder of a model. A bare name is a folder of `model-containers/models`. */
export const modelFolderOf = (given: string): string => resolve(MODELS, given);
