import { columnNames, quoted, type Tables } from '#adapters/duckdb/tables.ts';
import type { JsonObject } from '#core';

/** Of more files, only these are named. */
const MAX_FILES = 100;

/** The files that rows came from, with the lines that they have there. Empty when a recipe has dropped the columns. */
export async function fileLines(tables: Tables, paths: readonly string[]): Promise<readonly JsonObject[]> {
  const from = `read_parquet([${paths.map(quoted).join(', ')}])`;
  const columns = await columnNames(tables, `SELECT * FROM ${from}`);
  if (!columns.includes('_file') || !columns.includes('_line')) return [];
  const files = await tables.rows(
    `SELECT _file AS file, min(_line) AS first, max(_line) AS last, count(*) AS rows
       FROM ${from} GROUP BY _file ORDER BY _file LIMIT ${MAX_FILES}`,
  );
  return files.map(({ file, first, last, rows }) => ({
    file: String(file),
    first_line: Number(first),
    last_line: Number(last),
    rows: Number(rows),
  }));
}
