import { fileURLToPath } from 'node:url';

/** The program of the model process. In a bundle, which has another file for it, `lib/bundling` replaces this module. */
export const MODEL_ENTRY = fileURLToPath(new URL('./model-main.ts', import.meta.url));

/** The folder of the Python package, for `PYTHONPATH`. */
export const PYTHON_PACKAGE = fileURLToPath(new URL('../../python', import.meta.url));
