import type { BuildOptions } from 'esbuild';
import { LAMBDA_BUNDLING } from './esbuild-options.ts';

/**
 * How what runs in a container is bundled: as a Lambda is, except that names stay, so that stack traces can be
 * read; nobody pays for the bytes at every start.
 */
export const IMAGE_BUNDLING = { ...LAMBDA_BUNDLING, minify: false, logLevel: 'error' } as const satisfies BuildOptions;
