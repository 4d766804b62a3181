import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, extname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { IMAGE_BUNDLING } from './esbuild-image.ts';
import { MODEL_ASSETS, modelPlugin } from './model-plugin.ts';

export interface ModelBundleOptions {
  /** The model's folder. */
  readonly folder: string;
  /** `model-containers/runtime/instance/main.ts`. */
  readonly runtime: string;
  /** Gets `main.mjs`, which starts an instance, and all that it needs. */
  readonly into: string;
  /** What `main.mjs` does before everything else, as a script. */
  readonly prelude: string;
  /** Packages that stay out of the bundle and are installed beside it. @default none */
  readonly external?: readonly string[];
}

/** Of a model's folder: what is compiled into the bundle, read by people, or used to build. */
const isAsset = (path: string): boolean =>
  !['.ts', '.md'].includes(extname(path)) && !basename(path).includes('Dockerfile');

/**
 * Bundles the runtime with one model, so that an image needs neither a registry of packages nor the other models.
 * The model's files other than code come along. Rejects when it does not build, as with packages that carry
 * compiled binaries: a model that needs those names them as external, in a Dockerfile of its own.
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
    entryPoints: [{ in: runtime, out: 'instance' }],
    outdir: into,
  });
  await writeFile(join(into, 'main.mjs'), `${prelude}await import('./instance.mjs');\n`);
  await copyAssets(folder, join(into, MODEL_ASSETS));
}

/** Folders too, empty or not: paths lead through them. */
async function copyAssets(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, path));
    if (entry.isDirectory()) await mkdir(target, { recursive: true });
    else if (isAsset(path)) await cp(path, target, { recursive: true });
  }
}
