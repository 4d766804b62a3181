import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, extname, join, parse, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { IMAGE_BUNDLING } from './esbuild-options.ts';
import { MODEL_ASSETS, MODEL_FILE, modelPlugin } from './model-plugin.ts';

export interface ModelBundleOptions {
  readonly folder: string;
  /** `model-containers/runtime`. */
  readonly runtime: string;
  /** Receives `main.mjs`, which starts an instance, and all files that it needs. */
  readonly into: string;
  /** JavaScript that `main.mjs` runs first. */
  readonly prelude: string;
  /** Packages that are not bundled but installed beside the bundle. @default none */
  readonly external?: readonly string[];
}

/** Excludes code, documentation and Dockerfiles. */
const isAsset = (path: string): boolean =>
  !['.ts', '.md'].includes(extname(path)) && !basename(path).includes('Dockerfile');

/**
 * Bundles the runtime with one model and its data files, so that the image needs no `node_modules`. Rejects when the
 * build fails, for example for packages with compiled binaries: name these as `external`, in a Dockerfile of the model.
 */
export async function bundleModel({
  folder: given,
  runtime,
  into,
  prelude,
  external = [],
}: ModelBundleOptions): Promise<void> {
  const folder = resolve(given);
  await build({
    ...IMAGE_BUNDLING,
    plugins: [modelPlugin(folder)],
    external: [...external],
    entryPoints: [
      { in: join(runtime, 'instance', 'main.ts'), out: 'instance' },
      { in: join(runtime, 'backends', 'model-main.ts'), out: parse(MODEL_FILE).name },
    ],
    outdir: into,
  });
  await writeFile(join(into, 'main.mjs'), `${prelude}await import('./instance.mjs');\n`);
  await copyAssets(folder, join(into, MODEL_ASSETS));
}

/** Empty folders are created too, because paths of the model may lead through them. */
async function copyAssets(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, path));
    if (entry.isDirectory()) await mkdir(target, { recursive: true });
    else if (isAsset(path)) await cp(path, target, { recursive: true });
  }
}
