import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, build, buildSync, type Metafile } from 'esbuild';
import { LAMBDA_BUNDLING, shipFiles } from './esbuild-options.ts';

/** The size of one Lambda's bundle, in bytes. */
export interface LambdaBundle {
  readonly name: string;
  readonly entry: string;
  /** The entry and its static imports: what a cold start parses. */
  readonly coldBytes: number;
  /** Modules behind dynamic imports. */
  readonly lazyBytes: number;
  /** `coldBytes` by package or folder, largest first. */
  readonly origins: readonly (readonly [origin: string, bytes: number])[];
}

/** The entry of a handler that needs nothing but the platform. */
const COMMON_ENTRY = `
import { awsEntry } from '../entry.ts';
import { createHandler } from './handler.ts';
export const handler = awsEntry(createHandler);`;

/** The `index.ts` of a folder of `lambdas/`, or the common entry where there is none. The output is `index.mjs`. */
function entryOf(folder: string) {
  const own = join(folder, 'index.ts');
  if (existsSync(own)) return { entryPoints: [{ in: own, out: 'index' }] } satisfies BuildOptions;
  const stdin = { contents: COMMON_ENTRY, resolveDir: folder, sourcefile: 'index.ts', loader: 'ts' } as const;
  return { stdin, entryNames: 'index' } satisfies BuildOptions;
}

type Outputs = Metafile['outputs'];
type Output = Outputs[string];

/** Bundles a folder of `lambdas/` into a folder of its own below `into`. */
export async function bundleLambda(folder: string, into: string): Promise<LambdaBundle> {
  const name = basename(folder);
  const entry = join(into, name, 'index.mjs');
  const { metafile } = await build({
    ...LAMBDA_BUNDLING,
    ...entryOf(folder),
    outdir: join(into, name),
    absWorkingDir: into,
    metafile: true,
    logLevel: 'error',
  });
  shipFiles(folder, join(into, name));
  const cold = coldOutputs(metafile.outputs, join(name, 'index.mjs'));
  const coldBytes = sum(cold.map(({ bytes }) => bytes));
  const allBytes = sum(Object.values(metafile.outputs).map(({ bytes }) => bytes));
  return { name, entry, coldBytes, lazyBytes: allBytes - coldBytes, origins: originsOf(cold) };
}

/** The entry and everything that it imports statically, directly or not. */
function coldOutputs(outputs: Outputs, entry: string): Output[] {
  const reached = new Set<string>();
  const pending = [entry];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    const imports = outputs[path]?.imports ?? [];
    pending.push(
      ...imports.filter(({ kind, external }) => kind === 'import-statement' && !external).map((i) => i.path),
    );
  }
  return [...reached].map((path) => outputs[path]).filter((output) => output !== undefined);
}

function originsOf(outputs: readonly Output[]): LambdaBundle['origins'] {
  const bytes = new Map<string, number>();
  for (const { inputs } of outputs) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      bytes.set(originOf(path), (bytes.get(originOf(path)) ?? 0) + bytesInOutput);
    }
  }
  return [...bytes].sort(([, a], [, b]) => b - a);
}

/** The package of a file in `node_modules`, or the last two folders of any other file. */
function originOf(path: string): string {
  const [, installed] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  return (
    installed ??
    path
      .replace(/^(\.\.\/)+/, '')
      .split('/')
      .slice(-3, -1)
      .join('/')
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

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
    ...entryOf(folder),
    outdir: outputFolder,
    absWorkingDir: folder,
    logLevel: 'error',
  });
  shipFiles(folder, outputFolder);
}
