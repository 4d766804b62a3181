import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { LAMBDA_BUNDLING } from './esbuild-options.ts';
import { shipFiles } from './ship-files.ts';

/** The `Handler` property of every function. */
export const LAMBDA_HANDLER = 'index.handler';

/**
 * Bundles one folder of `lambdas/` into `outputFolder`. Synchronous, because CDK bundling is. Throws when the build
 * fails.
 */
export function writeLambda(folder: string, outputFolder: string): void {
  buildSync({
    ...LAMBDA_BUNDLING,
    // Maps without source texts: smaller to read at a cold start, and enough for line numbers.
    sourcemap: 'linked',
    sourcesContent: false,
    entryPoints: [{ in: join(folder, 'index.ts'), out: 'index' }],
    outdir: outputFolder,
    absWorkingDir: folder,
    logLevel: 'error',
  });
  shipFiles(folder, outputFolder);
}
