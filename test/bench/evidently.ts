import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifier, openTables, quoted } from '#adapters/duckdb/tables.ts';
import { type Column, categoryColumn, numberColumn } from '#lifecycle/monitoring/statistics/column.ts';
import { judgeDrift } from '#lifecycle/monitoring/statistics/drift.ts';

// `npm run bench:evidently`: the same data judged here and by Evidently with its defaults; verdicts, CPU and memory of
// both. Makes a virtual environment, or takes that of BENCH_PYTHON.
const PACKAGES = ['evidently==0.7.23', 'pandas==2.3.3', 'pyarrow==24.0.0', 'scipy==1.17.1'];
/** Rows then and now. Evidently uses other tests above 1,000. */
const SIZES = [
  [800, 500],
  [1000, 1000],
  [50_000, 20_000],
  [500_000, 500_000],
] as const;

/** The columns, then and now. Some have drifted clearly, some a little, some not at all. */
const COLUMNS: Readonly<Record<string, readonly [then: string, now: string]>> = {
  same: ['random() + random()', 'random() + random()'],
  shifted: ['random() + random()', 'random() + random() + 0.5'],
  shifted_little: ['random() + random()', 'random() + random() + 0.02'],
  wider: ['random() - 0.5', '2 * random() - 1'],
  few_numbers: ['floor(random() * 4)', 'floor(random() * 4)'],
  few_numbers_drifted: ['floor(random() * 4)', 'floor(random() * random() * 4)'],
  two_numbers: ['floor(random() * 2)', 'floor(random() * 1.5)'],
  kinds: ['chr((97 + floor(random() * 5))::int)', 'chr((97 + floor(random() * 5))::int)'],
  kinds_drifted: ['chr((97 + floor(random() * 5))::int)', 'chr((97 + floor(random() * random() * 5))::int)'],
  new_kind: ['chr((97 + floor(random() * 3))::int)', 'chr((97 + floor(random() * 4))::int)'],
  yes_or_no: ["CASE WHEN random() < 0.5 THEN 'yes' ELSE 'no' END", "CASE WHEN random() < 0.5 THEN 'yes' ELSE 'no' END"],
};

interface Verdict {
  readonly method: string;
  readonly value: number;
  readonly drifted: boolean;
}

interface Judged {
  readonly verdicts: Readonly<Record<string, Verdict>>;
  readonly cpu_s: number;
  readonly wall_s: number;
  readonly memory_mib: number;
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}.`);
  return text;
}

/** An interpreter with Evidently. */
async function findPython(folder: string): Promise<string> {
  if (process.env.BENCH_PYTHON) return process.env.BENCH_PYTHON;
  process.stdout.write('Installing Evidently into a virtual environment.\n');
  await output('python3', ['-m', 'venv', join(folder, 'venv')]);
  const python = join(folder, 'venv', 'bin', 'python');
  await output(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
  return python;
}

async function judgeHere(reference: string, current: string, folder: string): Promise<Judged> {
  const [cpu, startedAt] = [process.cpuUsage(), performance.now()];
  await using tables = await openTables({ folder });
  const verdicts: Record<string, Verdict> = {};
  for (const [name, [then]] of Object.entries(COLUMNS)) {
    const isNumber = !then.includes("'") && !then.startsWith('chr');
    const read = async (file: string): Promise<Column> => {
      const from = `${identifier(name)} FROM read_parquet(${quoted(file)})`;
      if (isNumber) return numberColumn((await tables.numbers(`SELECT ${from}`))[0] as Float64Array);
      return categoryColumn((await tables.rows(`SELECT ${from}`)).map((row) => row[name] as string | null));
    };
    const verdict = judgeDrift(await read(reference), await read(current));
    if (!verdict) continue;
    const { statistic, value, pValue, isDrifted } = verdict;
    verdicts[name] = { method: statistic, value: pValue ?? value, drifted: isDrifted };
  }
  const { user, system } = process.cpuUsage(cpu);
  const memory_mib = process.resourceUsage().maxRSS / 1024;
  return { verdicts, cpu_s: (user + system) / 1e6, wall_s: (performance.now() - startedAt) / 1000, memory_mib };
}

const folder = await mkdtemp(join(tmpdir(), 'modelyard-evidently-'));
let differences = 0;
try {
  const python = await findPython(folder);
  for (const [then, now] of SIZES) {
    const [reference, current] = [join(folder, 'reference.parquet'), join(folder, 'current.parquet')];
    {
      await using tables = await openTables({ folder });
      await tables.run('SELECT setseed(0.25)');
      for (const [file, rows, at] of [
        [reference, then, 0],
        [current, now, 1],
      ] as const) {
        const columns = Object.entries(COLUMNS).map(([name, sql]) => `${sql[at]} AS ${identifier(name)}`);
        await tables.run(`COPY (SELECT ${columns.join(', ')} FROM range(${rows})) TO ${quoted(file)} (FORMAT parquet)`);
      }
    }
    const here = await judgeHere(reference, current, folder);
    const script = join(import.meta.dirname, 'evidently', 'judge.py');
    const there = JSON.parse(
      (await output(python, [script, reference, current])).trim().split('\n').at(-1) ?? '',
    ) as Judged;
    process.stdout.write(`\n${then} rows then, ${now} now\n`);
    for (const [name, other] of Object.entries(there.verdicts)) {
      const own = here.verdicts[name];
      const isSame =
        own?.drifted === other.drifted && Math.abs(own.value - other.value) <= 1e-9 * Math.max(1, other.value);
      if (!isSame) differences += 1;
      const values = `${own?.value.toPrecision(6)} / ${other.value.toPrecision(6)}`;
      const verdict = `${own?.drifted ? 'drift' : 'none'} / ${other.drifted ? 'drift' : 'none'}`;
      process.stdout.write(
        `  ${isSame ? 'same ' : 'OTHER'}  ${name.padEnd(20)} ${other.method.padEnd(30)} ${values.padEnd(28)} ${verdict}\n`,
      );
    }
    for (const [who, { cpu_s, wall_s, memory_mib }] of [
      ['here', here],
      ['Evidently', there],
    ] as const) {
      process.stdout.write(
        `  ${who.padEnd(10)} CPU ${cpu_s.toFixed(2)} s, ${wall_s.toFixed(2)} s, ${memory_mib.toFixed(0)} MiB\n`,
      );
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.stdout.write(`\n${differences} differences\n`);
if (differences > 0) process.exitCode = 1;
