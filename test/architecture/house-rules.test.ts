import { access, readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelManifest } from '#catalog/manifest.ts';
import { isModelName } from '#core';
import type { ModelDefinition } from '#runtime/define-model.ts';
import { ROOT, sourceFiles } from './cruise.ts';

const MAX_LINES = 250;
/** Tests are read a case at a time. */
const MAX_TEST_LINES = 450;
/** Who may read the environment: entry points, which hand it on as an argument, and the settings of a platform. */
const ENVIRONMENT_READERS =
  /^(?:bin\/|scripts\/|lib\/platform\/|lambdas\/(?:entry|[^/]+\/index)\.ts$|model-containers\/runtime\/instance\/main\.ts$|test\/)/;
const READS_ENVIRONMENT =
  /\bprocess\s*(?:\.|\?\.|\[['"`])\s*env\b|\benv\b[^;]*\bfrom\s*['"]node:process['"]|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b/;

const read = (path: string): Promise<string> => readFile(`${ROOT}/${path}`, 'utf8');

const handWritten = (): string[] => sourceFiles(ROOT).filter((path) => !path.startsWith('proto/gen/'));

describe('a source file', () => {
  it(`has at most ${MAX_LINES} lines, ${MAX_TEST_LINES} as a test`, async () => {
    const lengths = await Promise.all(
      handWritten().map(async (path) => ({ path, lines: (await read(path)).trimEnd().split('\n').length })),
    );

    const tooLong = lengths.filter(
      ({ path, lines }) => lines > (path.startsWith('test/') ? MAX_TEST_LINES : MAX_LINES),
    );

    expect(lengths.length).toBeGreaterThan(100);
    expect(tooLong).toEqual([]);
  });

  it('reads the environment only where a process starts or its settings are read', async () => {
    const others = handWritten().filter((path) => !ENVIRONMENT_READERS.test(path));

    const readers = await Promise.all(
      others.map(async (path) => (READS_ENVIRONMENT.test(await read(path)) ? [path] : [])),
    );

    expect(readers.flat()).toEqual([]);
  });

  it.each([
    'const port = process.env.PORT;',
    "const { PORT } = process['env'];",
    "import { env } from 'node:process';",
    'const { env } = process;',
    'const port = process?.env.PORT;',
  ])('that says «%s» counts as reading the environment', (text) => {
    expect(text).toMatch(READS_ENVIRONMENT);
  });
});

describe('a model folder', async () => {
  const names = (await readdir(`${ROOT}/model-containers/models`, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  it('exists', () => {
    expect(names).toEqual(expect.arrayContaining(['gdp_growth_rate', 'model_a', 'model_b']));
  });

  it.each(names)('%s has a manifest of its own name, a model and a contract', async (name) => {
    const { manifest } = (await import(`${ROOT}/model-containers/models/${name}/manifest.ts`)) as {
      manifest: ModelManifest;
    };
    const { default: model } = (await import(`${ROOT}/model-containers/models/${name}/model.ts`)) as {
      default: ModelDefinition<unknown, unknown, unknown>;
    };

    expect(manifest.name).toBe(name);
    expect(isModelName(name)).toBe(true);
    expect(model.manifest).toBe(manifest);
    expect(model.request.fullName).toMatch(new RegExp(`^models\\.${name}\\.\\w+Request$`));
    expect(model.response.fullName).toMatch(new RegExp(`^models\\.${name}\\.\\w+Response$`));
    await expect(access(`${ROOT}/proto/models/${name}.proto`)).resolves.toBeUndefined();
  });

  it('belongs to every contract', async () => {
    const contracts = (await readdir(`${ROOT}/proto/models`)).map((file) => file.replace(/\.proto$/, ''));

    const examples = await readdir(`${ROOT}/model-containers/examples`);
    const deployed = await readdir(`${ROOT}/lifecycle/models`);
    expect(contracts.toSorted()).toEqual([...names, ...examples, ...deployed].toSorted());
  });
});

describe('what is installed', () => {
  let manifest: { [field: string]: Record<string, string> | undefined };
  let lock: { readonly packages: Readonly<Record<string, LockedPackage>> };

  beforeAll(async () => {
    manifest = JSON.parse(await read('package.json'));
    lock = JSON.parse(await read('package-lock.json'));
  });

  it('is pinned to exact versions', () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });

    expect(versions.length).toBeGreaterThan(0);
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
  });

  it('comes from whatever registry the machine uses', async () => {
    const settings = await read('.npmrc');

    expect(settings).not.toMatch(/registry\s*=/);
    expect(Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it('is the very content that was locked', () => {
    // What a package brings inside itself is locked with it.
    const packages = Object.entries(lock.packages).filter(
      ([path, { optional, inBundle }]) => path !== '' && !optional && !inBundle,
    );

    expect(packages.length).toBeGreaterThan(50);
    expect(packages.filter(([, { integrity }]) => !integrity).map(([path]) => path)).toEqual([]);
  });

  it('includes the binaries of every platform', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`],
      ),
    );

    expect(missing).toEqual([]);
  });
});

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly inBundle?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
