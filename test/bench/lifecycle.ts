import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { openTables, quoted, type Tables } from '#adapters/duckdb/tables.ts';
import { createEventLogger, toJsonLine } from '#gateway/log-event.ts';
import { pointInTimeQuery } from '#lifecycle/features/point-in-time.ts';
import { readRows } from '#lifecycle/ingestion/read-rows.ts';
import type { DatasetSchema } from '#lifecycle/ingestion/schema.ts';
import { PythonEnvironments } from '#local/python-environment.ts';
import { pseudoRandom } from '#test/support/pseudo-random.ts';
import { onlineLookups } from './lifecycle/online-lookup.ts';

/*
 * `npm run bench:lifecycle [-- rows]`: ingestion beside pandas and DuckDB, point-in-time joins beside Feast, in seconds of
 * processor time, and lookups of online features. Makes a virtual environment, or takes that of BENCH_PYTHON.
 */

const ROWS = Number(process.argv[2] ?? 1_000_000);
/**
 * Feast joins every label with every value of its entity before it chooses. With 100 values each, a million rows took it
 * more than 25 minutes. Few values are in its favor.
 */
const VALUES_EACH = 10;
const BITEMPORAL = 'bitemporal join';
const ENTITIES = Math.ceil(ROWS / VALUES_EACH);
const SCHEMA: DatasetSchema = {
  columns: {
    id: { type: 'integer', nullable: false },
    meter: { type: 'integer' },
    at: { type: 'timestamp' },
    power: { type: 'number', min: 0, max: 1_000 },
    place: { type: 'text' },
  },
};
const PANDAS = `
import resource, sys
import pandas as pd
before = resource.getrusage(resource.RUSAGE_SELF)
frame = pd.read_csv(sys.argv[1], parse_dates=['at'], date_format='ISO8601', on_bad_lines='skip', low_memory=False)
frame['power'] = pd.to_numeric(frame['power'], errors='coerce')
frame.to_parquet(sys.argv[2], compression='zstd')
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
`;

interface Measured {
  readonly what: string;
  readonly cpuSeconds: number;
  readonly note: string;
}

const measured: Measured[] = [];

async function measure<T>(what: string, run: () => Promise<T>, note: (result: T) => string): Promise<T> {
  const before = process.cpuUsage();
  const result = await run();
  const { user, system } = process.cpuUsage(before);
  measured.push({ what, cpuSeconds: (user + system) / 1e6, note: note(result) });
  return result;
}

/** One row in a thousand has a fault. */
async function writeCsv(path: string): Promise<void> {
  const random = pseudoRandom(7);
  const output = createWriteStream(path);
  output.write('id,meter,at,power,place\n');
  for (let start = 0; start < ROWS; start += 10_000) {
    const lines: string[] = [];
    for (let id = start; id < Math.min(ROWS, start + 10_000); id += 1) {
      const at = new Date(1.7e12 + Math.floor(random() * 3e10)).toISOString();
      const power = id % 1_000 === 999 ? 'broken' : (random() * 1_000).toFixed(3);
      lines.push(`${id},${Math.floor(random() * ENTITIES)},${at},${power},place ${id % 50}\n`);
    }
    if (!output.write(lines.join(''))) await once(output, 'drain');
  }
  output.end();
  await finished(output);
}

async function ingestion(folder: string): Promise<string> {
  const path = join(folder, 'sent.csv');
  await writeCsv(path);
  await using tables = await openTables({ folder });
  const file = { path, format: 'csv', missing: [], scratch: folder, hash: 'bench' } as const;
  const read = await measure(
    `ingest ${ROWS} rows with quarantine`,
    () => readRows(tables, file, SCHEMA),
    ({ rows, badRows }) => `${rows} good, ${badRows} refused`,
  );
  await measure(
    'DuckDB: the same file, without quarantine',
    () => {
      const columns = "{'id': 'BIGINT', 'meter': 'BIGINT', 'at': 'TIMESTAMP', 'power': 'DOUBLE', 'place': 'VARCHAR'}";
      const from = `read_csv(${quoted(path)}, columns = ${columns}, ignore_errors = true)`;
      return tables.run(`COPY (FROM ${from}) TO ${quoted(join(folder, 'duckdb.parquet'))} (COMPRESSION zstd)`);
    },
    () => 'rows with faults are dropped',
  );
  const { stdout } = await promisify(execFile)(python, ['-c', PANDAS, path, join(folder, 'pandas.parquet')]);
  const { size } = await stat(path);
  measured.push({
    what: 'pandas: the same file, without quarantine',
    cpuSeconds: Number(stdout),
    note: `${size >> 20} MiB`,
  });
  return read.rowsFile;
}

async function joins(folder: string, rowsFile: string): Promise<void> {
  await using tables = await openTables({ folder });
  await tables.run(
    `CREATE TABLE labels AS SELECT meter, "at" + INTERVAL 1 HOUR AS due FROM read_parquet(${quoted(rowsFile)})`,
  );
  await tables.run(
    `CREATE TABLE readings AS SELECT meter, "at", "at" + to_minutes(CAST(id % 90 AS BIGINT)) AS recorded, power, _line
       FROM read_parquet(${quoted(rowsFile)})`,
  );
  const [labels, values] = [join(folder, 'labels.parquet'), join(folder, 'values.parquet')];
  await tables.run(`COPY (SELECT meter, due AS event_timestamp FROM labels) TO ${quoted(labels)}`);
  await tables.run(`COPY (SELECT meter, "at", power FROM readings) TO ${quoted(values)}`);
  const program = join(import.meta.dirname, 'lifecycle', 'feast_join.py');
  const { stdout } = await promisify(execFile)(python, [program, labels, values], { maxBuffer: 2 ** 26 });
  const [seconds = '', found = '', mebibytes = ''] = (stdout.trim().split('\n').at(-1) ?? '').split(' ');
  const note = `${found} found, ${mebibytes} MiB at most`;
  measured.push({ what: 'Feast: the same join', cpuSeconds: Number(seconds), note });
  for (const isBitemporal of [false, true]) {
    const query = pointInTimeQuery({
      ...{ labels: 'labels', labelTime: 'due', features: 'readings', keys: ['meter'], eventTime: 'at' },
      ...{ knownTime: 'recorded', isBitemporal, ttlSeconds: 86_400, columns: { power: 'found' } },
    });
    await measure(
      `${isBitemporal ? BITEMPORAL : 'join'} ${ROWS} labels with ${ROWS} values`,
      () => count(tables, query),
      (found) => `${found} found`,
    );
  }
}

async function count(tables: Tables, query: string): Promise<number> {
  await tables.run(`CREATE OR REPLACE TABLE joined AS ${query}`);
  const [row] = await tables.rows('SELECT count(found) AS found FROM joined');
  return Number(row?.found);
}

const folder = await mkdtemp(join(tmpdir(), 'modelyard-bench-'));
const logger = createEventLogger((event) => process.stderr.write(`${toJsonLine('python', event)}\n`));
const feast = join(import.meta.dirname, '..', 'feast');
const python = process.env.BENCH_PYTHON ?? (await new PythonEnvironments(logger).pythonOf(feast));
let online = { p50: Number.NaN, p99: Number.NaN };
try {
  await joins(folder, await ingestion(folder));
  online = await onlineLookups(join(folder, 'lifecycle'));
} finally {
  await rm(folder, { recursive: true, force: true });
}
for (const { what, cpuSeconds, note } of measured) {
  process.stdout.write(`${cpuSeconds.toFixed(2).padStart(7)} s  ${what} (${note})\n`);
}
const cpuOf = (start: string) => measured.find(({ what }) => what.startsWith(start))?.cpuSeconds ?? Number.NaN;
process.stdout.write(`
${(cpuOf('ingest') / cpuOf('pandas')).toFixed(2)} times the processor time of pandas for ingestion with quarantine (goal: 2.5)
${(cpuOf('join') / cpuOf('Feast')).toFixed(3)} times that of Feast for the join (goal: 0.1)
${cpuOf(BITEMPORAL).toFixed(2)} s for the bitemporal join (goal: 10)
${online.p50.toFixed(3)} ms an online lookup (goal: 1), ${online.p99.toFixed(3)} ms at the 99th percentile
${Math.round(process.resourceUsage().maxRSS / 1024)} MiB at most (goal: 1000)
`);
