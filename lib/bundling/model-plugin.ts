import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Plugin } from 'esbuild';

/** The folder below the bundle that holds the model's data files. */
export const MODEL_ASSETS = 'model';

/** The file of the model process in a bundle. */
export const MODEL_FILE = 'model.mjs';

const BACKENDS = '[\\\\/]model-containers[\\\\/]runtime[\\\\/]backends[\\\\/]';
const LOAD_DEFINITION = new RegExp(`${BACKENDS}load-definition\\.ts$`);
const MODEL_ENTRY = new RegExp(`${BACKENDS}model-entry\\.ts$`);
const OWN_ADDRESS = /\bimport\.meta\.(url|dirname|filename)\b/g;

/**
 * Binds the runtime to the model in `folder`. Rewrites `import.meta.url`, `dirname` and `filename` of the model's
 * modules, so that they find their data files below `MODEL_ASSETS`.
 */
export const modelPlugin = (folder: string): Plugin => ({
  name: 'one-model',
  setup({ onLoad, onEnd }) {
    let isBound = false;
    onLoad({ filter: LOAD_DEFINITION }, () => {
      isBound = true;
      // Imported on demand, so that the process can report an error in the model's modules.
      const contents = `const load = () => import(${JSON.stringify(join(folder, 'model.ts'))});
        export const loadDefinition = async () => (await load()).default;`;
      return { contents, resolveDir: folder, loader: 'ts' };
    });
    onLoad({ filter: MODEL_ENTRY }, () => {
      const contents = `import { fileURLToPath } from 'node:url';
        export const MODEL_ENTRY = fileURLToPath(new URL('./${MODEL_FILE}', import.meta.url));`;
      return { contents, loader: 'ts' };
    });
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (!path.startsWith(folder + sep)) return undefined;
      const address = `./${[MODEL_ASSETS, ...relative(folder, path).split(sep)].join('/')}`;
      return { contents: readdress(await readFile(path, 'utf8'), address), loader: 'ts' };
    });
    onEnd(() => (isBound ? undefined : { errors: [{ text: 'The model process does not load a model.' }] }));
  },
});

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
