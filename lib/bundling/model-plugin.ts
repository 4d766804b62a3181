import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Plugin } from 'esbuild';

/** The folder below the bundle that holds the model's data files. */
export const MODEL_ASSETS = 'model';

const LOAD_DEFINITION = /[\\/]model-containers[\\/]runtime[\\/]instance[\\/]load-definition\.ts$/;
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
      const contents = `import model from ${JSON.stringify(join(folder, 'model.ts'))};
        export const loadDefinition = async () => model;`;
      return { contents, resolveDir: folder, loader: 'ts' };
    });
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (!path.startsWith(folder + sep)) return undefined;
      const address = `./${[MODEL_ASSETS, ...relative(folder, path).split(sep)].join('/')}`;
      return { contents: readdress(await readFile(path, 'utf8'), address), loader: 'ts' };
    });
    onEnd(() => (isBound ? undefined : { errors: [{ text: 'The entry does not load a model.' }] }));
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
