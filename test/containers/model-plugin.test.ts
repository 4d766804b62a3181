import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleModel } from '../../lib/bundling/bundle-model.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'modelyard-bundle-'));
});

afterEach(() => rm(root, { recursive: true }));

async function write(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** Bundles, takes the sources away, and resolves with what the bundle prints. */
async function bundled(prelude = '', external: readonly string[] = []): Promise<string> {
  const into = join(root, 'bundle');
  await bundleModel({
    folder: join(root, 'model-containers/models/mine'),
    runtime: join(root, 'model-containers/runtime'),
    into,
    prelude,
    external,
  });
  await rm(join(root, 'model-containers'), { recursive: true });
  const { stdout } = await promisify(execFile)(process.execPath, ['main.mjs'], { cwd: into, env: {} });
  return stdout.trim();
}

/** An instance that only starts its model process, and a model process that prints what the model answers. */
const MAIN = {
  'model-containers/runtime/backends/load-definition.ts':
    'export const loadDefinition = (path: string) => import(path) as Promise<any>;',
  'model-containers/runtime/backends/model-entry.ts': "export const MODEL_ENTRY = './model-main.ts';",
  'model-containers/runtime/backends/model-main.ts': `import { loadDefinition } from './load-definition.ts';
    const model = await loadDefinition('mine');
    process.stdout.write(String(await model()));`,
  'model-containers/runtime/instance/main.ts': `import { execFileSync } from 'node:child_process';
    import { MODEL_ENTRY } from '../backends/model-entry.ts';
    execFileSync(process.execPath, [MODEL_ENTRY], { stdio: 'inherit' });`,
};

describe('a model in a bundle', () => {
  it.each([
    ['url', "readFileSync(new URL('../weights/one.txt', import.meta.url), 'utf8')"],
    ['dirname', "readFileSync(import.meta.dirname + '/../weights/one.txt', 'utf8')"],
    ['filename', "readFileSync(import.meta.filename.replace('deep/read.ts', 'weights/one.txt'), 'utf8')"],
  ])('finds its files by import.meta.%s, however deep the module lies', async (_, read) => {
    await write({
      ...MAIN,
      'model-containers/models/mine/model.ts': `import { read } from './deep/read.ts';\nexport default read;`,
      'model-containers/models/mine/deep/read.ts': `import { readFileSync } from 'node:fs';\nexport const read = () => ${read};`,
      'model-containers/models/mine/weights/one.txt': 'one weight',
    });

    expect(await bundled()).toBe('one weight');
  });

  it('starts after the prelude', async () => {
    await write({
      ...MAIN,
      'model-containers/models/mine/model.ts': 'const name = process.env.NAME;\nexport default () => name;',
    });

    expect(await bundled("process.env.NAME = 'set';\n")).toBe('set');
  });

  it('finds beside itself what was left out', async () => {
    await write({
      ...MAIN,
      'model-containers/models/mine/model.ts': `import { binary } from 'compiled';\nexport default () => binary;`,
      'bundle/node_modules/compiled/package.json': '{"type": "module", "exports": "./index.js"}',
      'bundle/node_modules/compiled/index.js': 'export const binary = "installed";',
    });

    expect(await bundled('', ['compiled'])).toBe('installed');
  });

  it('is refused when its process loads none', async () => {
    await write({
      'model-containers/runtime/instance/main.ts': 'process.stdout.write("nothing");',
      'model-containers/runtime/backends/model-main.ts': 'process.stdout.write("nothing");',
      'model-containers/models/mine/model.ts': 'export default 1;',
    });

    await expect(bundled()).rejects.toThrow('The model process does not load a model.');
  });
});
