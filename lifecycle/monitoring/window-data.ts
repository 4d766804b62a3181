import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identifier, quoted } from '#adapters/duckdb/tables.ts';
import { pointerTo } from '#contract/json/problems.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Workbench } from '../scratch.ts';
import { monitoringDatabase } from './database.ts';
import { logFile } from './log-file.ts';
import { type Performance, performanceOf } from './performance.ts';
import { type AskedColumn, columnsOf, PREDICTION, type Reference } from './reference.ts';
import type { Column } from './statistics/column.ts';
import type { WindowRow } from './tables.ts';

type Key = Pick<WindowRow, 'model' | 'version' | 'start_at' | 'end_at'>;

/** The predictions of a window. */
export interface WindowData {
  readonly predictions: number;
  readonly columns: ReadonlyMap<string, Column>;
  readonly performance: Performance;
}

/** Reads the window from the prediction log. A prediction that was logged twice counts once. */
export async function readWindow(
  lifecycle: Lifecycle,
  bench: Workbench,
  window: Key,
  reference?: Reference,
): Promise<WindowData> {
  const { tables } = bench;
  const files = await filesOf(lifecycle, window);
  const from = files.length === 0 ? EMPTY : `read_parquet([${files.map(quoted).join(', ')}])`;
  await tables.run(
    `CREATE TABLE predictions AS SELECT DISTINCT ON (task_id) * FROM ${from}
     WHERE version = ${quoted(window.version)} AND predicted_at >= ${window.start_at} AND predicted_at < ${window.end_at} ORDER BY task_id`,
  );
  const [counted] = await tables.rows(
    'SELECT CAST(count(*) AS INTEGER) AS rows, CAST(count(class) AS INTEGER) AS classes FROM predictions',
  );
  const names = reference ? [...reference.columns.keys()].filter((name) => name !== PREDICTION) : await fieldsOf(bench);
  // A JSON path has no way to write some names.
  const fields = names.map((name, at) => `json_extract_string(request, ${quoted(pointerTo(name))}) AS c${at}`);
  // The text of each request is read once.
  await tables.run(
    `CREATE TABLE features AS SELECT ${['task_id', ...fields].join(', ')} FROM predictions WHERE request IS NOT NULL`,
  );
  const types = reference ? undefined : await guessTypes(bench, names.length);
  const asked = names.map(
    (name, at): AskedColumn => ({
      ...{ name, sql: identifier(`c${at}`) },
      type: reference?.columns.get(name)?.type ?? types?.[at] ?? 'number',
    }),
  );
  const isClass = Number(counted?.classes) > 0;
  const answers = [
    { name: PREDICTION, sql: isClass ? 'class' : 'prediction', type: isClass ? 'category' : 'number' } as const,
  ];
  return {
    predictions: Number(counted?.rows),
    columns: new Map([
      ...(await columnsOf(tables, 'features', asked)),
      ...(await columnsOf(tables, 'predictions', answers)),
    ]),
    performance: await readPerformance(lifecycle, bench, window),
  };
}

const EMPTY = `(SELECT NULL::VARCHAR AS task_id, 0::BIGINT AS predicted_at, ''::VARCHAR AS version, NULL::VARCHAR AS request,
  NULL::DOUBLE AS prediction, NULL::VARCHAR AS class WHERE false)`;

async function filesOf(lifecycle: Lifecycle, { model, version, start_at }: Key): Promise<readonly string[]> {
  const { query } = await monitoringDatabase(lifecycle);
  const rows = await query
    .selectFrom('batch_windows')
    .innerJoin('batches', 'batches.id', 'batch_windows.batch')
    .select('batches.artifact')
    .where('batch_windows.model', '=', model)
    .where('batch_windows.version', '=', version)
    .where('batch_windows.start_at', '=', start_at)
    .execute();
  const artifacts = [...new Set(rows.map(({ artifact }) => artifact))];
  return Promise.all(artifacts.map((hash) => logFile(lifecycle, hash)));
}

/** The names of all fields of requests. */
async function fieldsOf({ tables }: Workbench): Promise<readonly string[]> {
  const rows = await tables.rows('SELECT DISTINCT unnest(json_keys(request)) AS name FROM predictions ORDER BY name');
  return rows.map(({ name }) => String(name));
}

/** Columns with another value than numbers are categories. */
async function guessTypes({ tables }: Workbench, columns: number): Promise<readonly Column['type'][]> {
  if (columns === 0) return [];
  const counts = Array.from(
    { length: columns },
    (_, at) => `CAST(count(c${at}) - count(try_cast(c${at} AS double)) AS INTEGER) AS n${at}`,
  );
  const [row] = await tables.rows(`SELECT ${counts.join(', ')} FROM features`);
  return Array.from({ length: columns }, (_, at) => (Number(row?.[`n${at}`]) > 0 ? 'category' : 'number'));
}

/** Compares predictions with their outcomes. */
async function readPerformance(lifecycle: Lifecycle, bench: Workbench, window: Key): Promise<Performance> {
  const { query } = await monitoringDatabase(lifecycle);
  const outcomes = await query
    .selectFrom('outcomes')
    .select(['task_id', 'value'])
    .where('model', '=', window.model)
    .where('predicted_at', '>=', window.start_at)
    .where('predicted_at', '<', window.end_at)
    .execute();
  if (outcomes.length === 0) return { outcomes: 0 };
  const file = join(bench.folder, 'outcomes.ndjson');
  await writeFile(file, outcomes.map((outcome) => `${JSON.stringify(outcome)}\n`).join(''));
  const source = `read_json(${quoted(file)}, format = 'newline_delimited', columns = {task_id: 'VARCHAR', value: 'VARCHAR'})`;
  const rows = await bench.tables.rows(
    `SELECT prediction, class, value FROM predictions JOIN ${source} USING (task_id) ORDER BY task_id`,
  );
  return performanceOf(
    rows.map(({ prediction, class: label, value }) => ({
      predicted: (typeof prediction === 'number' ? prediction : label) as number | string | null,
      outcome: JSON.parse(String(value)) as number | string | boolean,
    })),
  );
}
