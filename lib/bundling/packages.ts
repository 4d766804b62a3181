import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLIENT = join(ROOT, 'clients', 'typescript');
const COMMAND_LINE = join(ROOT, 'lib', 'cli');

/** What `start`, `init` and `cost` need. */
const SOURCES = [
  ...['bin', 'clients', 'console', 'lambdas', 'lib', 'lifecycle', 'model-containers', 'proto', 'scripts'],
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'buf.yaml', '.npmrc', 'LICENSE'],
];

/** Node strips no types below `node_modules`, so packages have JavaScript. */
const BUILD = {
  bundle: true,
  format: 'esm',
  target: ['es2023'],
  legalComments: 'none',
  logLevel: 'error',
} as const satisfies BuildOptions;

/** Writes the package `@modelyard/client` as it is published: one module for browsers and Node, with its types. */
export function writeClientPackage(into: string): void {
  const source = begin(into);
  buildSync({ ...BUILD, entryPoints: [join(CLIENT, 'src', 'index.ts')], outfile: join(into, 'dist', 'index.js') });
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const options = ['--ignoreConfig', '--declaration', '--emitDeclarationOnly', '--allowImportingTsExtensions'];
  const types = ['--target', 'es2024', '--module', 'nodenext', '--lib', 'es2024,dom,dom.iterable', '--strict'];
  const files = ['--outDir', join(into, 'dist'), join(CLIENT, 'src', 'index.ts')];
  execFileSync(process.execPath, [tsc, ...options, ...types, ...files], { stdio: ['ignore', 'inherit', 'inherit'] });
  const own = JSON.parse(readFileSync(join(CLIENT, 'package.json'), 'utf8')) as Record<string, unknown>;
  describe(into, {
    ...{ ...own, version: source.version },
    exports: { types: './dist/index.d.ts', default: './dist/index.js' },
    engines: { node: '>=20' },
    files: ['dist'],
  });
  cpSync(join(CLIENT, 'README.md'), join(into, 'README.md'));
}

/**
 * Writes the package `modelyard` as it is published: the command line without dependencies, and the sources for the verbs
 * that run or change them.
 */
export function writeCommandLinePackage(into: string): void {
  const { description, license, version } = begin(into);
  buildSync({
    ...BUILD,
    entryPoints: { modelyard: join(ROOT, 'bin', 'modelyard.ts') },
    outdir: join(into, 'dist'),
    platform: 'node',
    splitting: true,
    minify: true,
    chunkNames: 'part-[hash]',
    alias: { '#cli/source-verbs': join(COMMAND_LINE, 'no-source-verbs.ts') },
    // Libraries that expect CommonJS.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  describe(into, {
    ...{ name: 'modelyard', version, description, license, type: 'module', sideEffects: false },
    bin: { modelyard: 'dist/modelyard.js' },
    engines: { node: '>=22' },
    files: ['dist', 'sources.tgz'],
  });
  const archive = ['archive', '--format=tar.gz', `--output=${join(into, 'sources.tgz')}`, 'HEAD', '--', ...SOURCES];
  execFileSync('git', archive, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  cpSync(join(ROOT, 'docs', 'command-line.md'), join(into, 'README.md'));
}

interface Source {
  readonly version: string;
  readonly description: string;
  readonly license: string;
}

function begin(into: string): Source {
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  cpSync(join(ROOT, 'LICENSE'), join(into, 'LICENSE'));
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Source;
}

const describe = (into: string, manifest: Readonly<Record<string, unknown>>): void =>
  writeFileSync(join(into, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
