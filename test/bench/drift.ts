import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTables, quoted } from '#adapters/duckdb/tables.ts';
import { numberColumn } from '#lifecycle/monitoring/statistics/column.ts';
import { judgeDrift } from '#lifecycle/monitoring/statistics/drift.ts';
import { median } from './paired.ts';

// `npm run bench:drift [rows]`: what judging one feature costs, from two Parquet files to the verdict. The medians of
// several rounds.
const rows = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = 5;
const LIMIT_MS = 500;
const JUDGED = ['ks', 'wasserstein', 'jensenshannon', 'psi'] as const;
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
  const judge = async (statistic: (typeof JUDGED)[number]) => {
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    const [then, now] = [await read(reference), await read(current)];
    const readAt = performance.now();
    const [before, after] = [numberColumn(then), numberColumn(now)];
    const sortedAt = performance.now();
    judgeDrift(before, after, { statistic });
    const endedAt = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    return [readAt - startedAt, sortedAt - readAt, endedAt - sortedAt, (user + system) / 1000];
  };
  process.stdout.write(
    `${rows} rows then and now, per feature\nstatistic       read ms   sort ms   judge ms   CPU ms\n`,
  );
  for (const statistic of JUDGED) {
    const rounds: number[][] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await judge(statistic));
    const medians = [0, 1, 2, 3].map((at) => median(rounds.map((round) => round[at] as number)));
    isSlow ||= (medians[3] as number) > LIMIT_MS;
    process.stdout.write(`${statistic.padEnd(14)}${medians.map((ms) => ms.toFixed(0).padStart(9)).join(' ')}\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (isSlow) {
  process.stderr.write(`A feature took more than ${LIMIT_MS} ms of CPU.\n`);
  process.exitCode = 1;
}
