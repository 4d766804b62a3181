import { execFile } from 'node:child_process';
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { bundleLambda, type LambdaBundle } from '../lib/bundling/bundle-lambda.ts';
import { IMPORT_ENVIRONMENT } from '../lib/bundling/esbuild-options.ts';

/** Limits of the Lambda that every prediction calls. */
const BUDGET = { name: 'submit-task', coldBytes: 400_000, importMs: 80 } as const;
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

function withinBudget({ name, coldBytes }: LambdaBundle, importMs: number): boolean {
  if (name !== BUDGET.name) return true;
  return coldBytes <= BUDGET.coldBytes && importMs <= BUDGET.importMs;
}

const print = (...cells: readonly [string, ...string[]]): void => {
  const [name, ...numbers] = cells;
  process.stdout.write(`${name.padEnd(14)}${numbers.map((cell) => cell.padStart(14)).join('')}\n`);
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
    if (!withinBudget(bundle, importMs)) {
      process.stdout.write(
        `${BUDGET.name} exceeds its budget of ${kilobytes(BUDGET.coldBytes)} and ${BUDGET.importMs} ms.\n`,
      );
      process.exitCode = 1;
    }
  }
} finally {
  await rm(into, { recursive: true });
}
