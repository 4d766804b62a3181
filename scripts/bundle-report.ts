import { execFile } from 'node:child_process';
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { bundleLambda, type LambdaBundle } from '../lib/bundling/bundle-lambda.ts';
import { IMPORT_ENVIRONMENT } from '../lib/bundling/esbuild-options.ts';

interface Budget {
  readonly coldBytes: number;
  readonly importMs: number;
}

/** Limits of the Lambdas that every prediction calls. */
const BUDGETS: Readonly<Record<string, Budget>> = {
  'submit-task': { coldBytes: 400_000, importMs: 80 },
  // With the code that verifies callers.
  'submit-by-url': { coldBytes: 450_000, importMs: 90 },
  'authorize-caller': { coldBytes: 450_000, importMs: 90 },
};
const RUNS = 15;
const LAMBDAS = fileURLToPath(new URL('../lambdas/', import.meta.url));

const MEASURE = `const from = performance.now(); await import(process.argv[1]); console.log(performance.now() - from);`;

/**
 * The import time of the bundle in a new process, in milliseconds. The minimum of several runs, because other processes
 * only add time.
 */
async function measureImport({ entry }: LambdaBundle): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const args = ['--input-type=module', '--eval', MEASURE, pathToFileURL(entry).href];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: IMPORT_ENVIRONMENT });
    times.push(Number(stdout));
  }
  return Math.min(...times);
}

/** What a bundle exceeds, as a sentence. */
function excessOf({ name, coldBytes }: LambdaBundle, importMs: number): string | undefined {
  const budget = BUDGETS[name];
  if (!budget || (coldBytes <= budget.coldBytes && importMs <= budget.importMs)) return undefined;
  return `${name} exceeds its budget of ${kilobytes(budget.coldBytes)} and ${budget.importMs} ms.`;
}

const print = (...cells: readonly [string, ...string[]]): void => {
  const [name, ...numbers] = cells;
  process.stdout.write(`${name.padEnd(18)}${numbers.map((cell) => cell.padStart(14)).join('')}\n`);
};

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} KB`;

const into = await realpath(await mkdtemp(join(tmpdir(), 'modelyard-bundles-')));
try {
  const entries = await readdir(LAMBDAS, { withFileTypes: true });
  print('lambda', 'at start', 'when needed', 'import');
  for (const folder of entries.filter((entry) => entry.isDirectory())) {
    const bundle = await bundleLambda(join(LAMBDAS, folder.name), into);
    const importMs = await measureImport(bundle);
    print(bundle.name, kilobytes(bundle.coldBytes), kilobytes(bundle.lazyBytes), `${importMs.toFixed(1)} ms`);
    if (process.argv.includes('--origins')) {
      for (const [origin, bytes] of bundle.origins.slice(0, 15))
        process.stdout.write(`  ${origin} ${kilobytes(bytes)}\n`);
    }
    const excess = excessOf(bundle, importMs);
    if (excess !== undefined) {
      process.stdout.write(`${excess}\n`);
      process.exitCode = 1;
    }
  }
} finally {
  await rm(into, { recursive: true });
}
