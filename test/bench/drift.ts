import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTables, quoted } from '#adapters/duckdb/tables.ts';
import { numberColumn } from '#lifecycle/monitoring/statistics/column.ts';
import { judgeDrift } from '#lifecycle/monitoring/statistics/drift.ts';

// `npm run bench:drift [rows]`: what judging one feature costs, from two Parquet files to the verdict.
const rows = Number(process.argv[2] ?? 1_000_000);
const LIMIT_MS = 500;
const folder = await mkdtemp(join(tmpdir(), 'modelyard-drift-'));
const [reference, current] = [join(folder, 'reference.parquet'), join(folder, 'current.parquet')];
const values = (shift: number) => `SELECT random() + random() + random() + ${shift} AS feature FROM range(${rows})`;
let isSlow = false;
try {
  await using tables = await openTables({ folder });
  await tables.run('SELECT setseed(0.5)');
  await tables.run(`COPY (${values(0)}) TO ${quoted(reference)} (FORMAT parquet)`);
  await tables.run(`COPY (${values(0.001)}) TO ${quoted(current)} (FORMAT parquet)`);
  const read = async (file: string) => {
    const [column] = await tables.numbers(`SELECT feature FROM read_parquet(${quoted(file)})`);
    return column as Float64Array;
  };
  // Compiles what is measured.
  judgeDrift(
    numberColumn((await read(reference)).slice(0, 20_000)),
    numberColumn((await read(current)).slice(0, 20_000)),
  );
  process.stdout.write(
    `${rows} rows then and now, per feature\nstatistic       read ms   sort ms   judge ms   CPU ms\n`,
  );
  for (const statistic of ['ks', 'wasserstein', 'jensenshannon', 'psi'] as const) {
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    const [then, now] = [await read(reference), await read(current)];
    const readAt = performance.now();
    const [before, after] = [numberColumn(then), numberColumn(now)];
    const sortedAt = performance.now();
    judgeDrift(before, after, { statistic });
    const endedAt = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    const cpuMs = (user + system) / 1000;
    isSlow ||= cpuMs > LIMIT_MS;
    const cells = [readAt - startedAt, sortedAt - readAt, endedAt - sortedAt, cpuMs].map((ms) =>
      ms.toFixed(0).padStart(9),
    );
    process.stdout.write(`${statistic.padEnd(14)}${cells.join(' ')}\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (isSlow) {
  process.stderr.write(`A feature took more than ${LIMIT_MS} ms of CPU.\n`);
  process.exitCode = 1;
}
