import { fileURLToPath } from 'node:url';

/** The entry point of the model process. `lib/bundling` replaces this module in a bundle. */
export const MODEL_ENTRY = fileURLToPath(new URL('./model-main.ts', import.meta.url));

/** For `PYTHONPATH`. */
export const PYTHON_PACKAGE = fileURLToPath(new URL('../../python', import.meta.url));
