import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, extname, join, parse, relative, resolve, sep } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { IMAGE_BUNDLING } from './esbuild-options.ts';

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
    // Its binary cannot be bundled; images of ONNX files install it beside the bundle.
    // Instances run no containers: only the worker of the lifecycle does, from its sources.
    external: ['onnxruntime-node', 'dockerode', ...external],
    entryPoints: [
      { in: join(runtime, 'instance', 'main.ts'), out: 'instance' },
      { in: join(runtime, 'backends', 'model-main.ts'), out: parse(MODEL_FILE).name },
    ],
    outdir: into,
  });
  await writeFile(join(into, 'main.mjs'), `${prelude}await import('./instance.mjs');\n`);
  await copyAssets(folder, join(into, MODEL_ASSETS));
  if (existsSync(join(folder, 'model.py'))) {
    await cp(join(runtime, '..', 'python', 'modelyard'), join(into, PYTHON_FOLDER, 'modelyard'), {
      recursive: true,
      filter: (path) => !path.includes('__pycache__'),
    });
  }
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

/** The folder below the bundle that holds the model's data files. */
const MODEL_ASSETS = 'model';

/** The folder that holds the Python package, for models in Python. */
const PYTHON_FOLDER = 'python';

/** The file of the model process in a bundle. */
const MODEL_FILE = 'model.mjs';

const BACKENDS = '[\\\\/]model-containers[\\\\/]runtime[\\\\/]backends[\\\\/]';
const LOAD_DEFINITION = new RegExp(`${BACKENDS}load-definition\\.ts$`);
const MODEL_PARTS = new RegExp(`${BACKENDS}model-parts\\.ts$`);
const MODEL_ENTRY = new RegExp(`${BACKENDS}model-entry\\.ts$`);
const OWN_ADDRESS = /\bimport\.meta\.(url|dirname|filename)\b/g;

/**
 * Binds the runtime to the model in `folder`. Rewrites `import.meta.url`, `dirname` and `filename` of the model's
 * modules, so that they find their data files below `MODEL_ASSETS`.
 */
const modelPlugin = (folder: string): Plugin => ({
  name: 'one-model',
  setup({ onLoad, onEnd }) {
    let isBound = false;
    const isCode = existsSync(join(folder, 'model.ts'));
    if (isCode) {
      onLoad({ filter: LOAD_DEFINITION }, () => {
        isBound = true;
        // Imported on demand, so that the process can report an error in the model's modules.
        const contents = `const load = () => import(${JSON.stringify(join(folder, 'model.ts'))});
          export const loadDefinition = async () => (await load()).default;`;
        return { contents, resolveDir: folder, loader: 'ts' };
      });
    } else {
      onLoad({ filter: MODEL_PARTS }, () => {
        isBound = true;
        return { contents: partsOf(folder), resolveDir: folder, loader: 'ts' };
      });
    }
    onLoad({ filter: MODEL_ENTRY }, () => {
      const contents = `import { fileURLToPath } from 'node:url';
        const at = (path) => fileURLToPath(new URL(path, import.meta.url));
        export const MODEL_ENTRY = at('./${MODEL_FILE}');
        export const PYTHON_PACKAGE = at('./${PYTHON_FOLDER}');
        export const modelFolderOf = () => at('./${MODEL_ASSETS}');`;
      return { contents, loader: 'js' };
    });
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (!path.startsWith(folder + sep)) return undefined;
      const address = `./${[MODEL_ASSETS, ...relative(folder, path).split(sep)].join('/')}`;
      return { contents: readdress(await readFile(path, 'utf8'), address), loader: 'ts' };
    });
    onEnd(() => (isBound ? undefined : { errors: [{ text: 'The model process does not load a model.' }] }));
  },
});

/** The manifest and the messages of a model without TypeScript, as static imports. */
function partsOf(folder: string): string {
  const messages = `#proto/models/${basename(folder)}.ts`;
  const isJson = existsSync(join(folder, 'manifest.json'));
  const manifest = isJson ? `import manifest from './manifest.json'` : `import { manifest } from './manifest.ts'`;
  return `${manifest}; import * as messages from '${messages}';
    export const readParts = async () => ({ manifest, messages });`;
}

function readdress(source: string, address: string): string {
  const url = `new URL(${JSON.stringify(address)}, import.meta.url)`;
  const path = (of: string) => `process.getBuiltinModule('node:url').fileURLToPath(${of})`;
  const replacements: Record<string, string> = {
    url: `${url}.href`,
    filename: path(url),
    // Without the slash at the end, as in Node.
    dirname: `${path(`new URL('.', ${url})`)}.slice(0, -1)`,
  };
  return source.replaceAll(OWN_ADDRESS, (_, property: string) => `(${replacements[property]})`);
}
