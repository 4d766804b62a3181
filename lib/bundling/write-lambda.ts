import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { LAMBDA_BUNDLING } from './esbuild-options.ts';
import { shipFiles } from './ship-files.ts';

/** The exported function of every bundle, as Lambda names it. */
export const LAMBDA_HANDLER = 'index.handler';

/** Bundles a folder of `lambdas/` into `outputFolder`, for a synthesis that cannot wait. Throws when it does not build. */
export function writeLambda(folder: string, outputFolder: string): void {
  buildSync({
    ...LAMBDA_BUNDLING,
    // Without the sources themselves: stack traces need lines, and maps are read at every cold start.
    sourcemap: 'linked',
    sourcesContent: false,
    entryPoints: [{ in: join(folder, 'index.ts'), out: 'index' }],
    outdir: outputFolder,
    absWorkingDir: folder,
    logLevel: 'error',
  });
  shipFiles(folder, outputFolder);
}
