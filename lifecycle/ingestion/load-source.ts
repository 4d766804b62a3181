import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { columnNames, identifier, quoted, type Tables } from '#adapters/duckdb/tables.ts';
import { pointerTo } from '#contract/json/problems.ts';
import { ModelyardError } from '#core';
import { type BrokenRecord, type CleanCsv, cleanCsv, MAX_LINE_BYTES, shortEnough } from './clean-csv.ts';
import { MAX_COLUMNS, requireColumnNames } from './column-names.ts';

export const FILE_FORMATS = ['csv', 'jsonl', 'parquet'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** Rows of a file in the table `source`: `\u0001line` and every column as text. */
export interface LoadedSource {
  readonly columns: readonly string[];
  /** Records that could not be read as rows. They are not in the table. */
  readonly broken: readonly BrokenRecord[];
  /** Rows of the table, where they were counted. Other readers may not see other records than the scanner. */
  readonly rows?: number;
}

export interface SourceFile {
  readonly path: string;
  readonly format: FileFormat;
  /** Of CSV. @default taken from the header */
  readonly delimiter?: string | undefined;
  /** Texts that stand for a missing value. */
  readonly missing: readonly string[];
  /** A folder for copies. */
  readonly scratch: string;
  /** Whether `source` is read only once, so that it need not be a table. */
  readonly isReadOnce: boolean;
}

export const LINE = '\u0001line';
/** Rows and characters of one statement. */
const [BATCH_ROWS, BATCH_LENGTH] = [2_000, 4_000_000];

/** Loads a file of any format as text. Rejects with `invalid_input` for a file that is not of its format. */
export function loadSource(tables: Tables, file: SourceFile): Promise<LoadedSource> {
  if (file.format === 'csv') return loadCsv(tables, file);
  return file.format === 'jsonl' ? loadJsonLines(tables, file) : loadParquet(tables, file);
}

async function loadCsv(
  tables: Tables,
  { path, delimiter, missing, scratch, isReadOnce }: SourceFile,
): Promise<LoadedSource> {
  const copy = join(scratch, 'rows.csv');
  const clean = await cleanCsv(path, copy, delimiter);
  const { columns } = clean;
  if (clean.rows === 0) {
    await tables.run(emptySource(columns));
    return clean;
  }
  const types = columns.map((name) => `${quoted(name)}: 'VARCHAR'`).join(', ');
  const options = [
    'auto_detect = false',
    'header = false',
    `columns = {${types}}`,
    `delim = ${quoted(clean.delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `new_line = '\\n'`,
    'strict_mode = true',
    `nullstr = [${['', ...missing].map(quoted).join(', ')}]`,
    `max_line_size = ${MAX_LINE_BYTES}`,
    ...(clean.hasQuotedNewlines ? ['parallel = false'] : []),
  ];
  const rows = `SELECT row_number() OVER () - 1 AS "\u0001row", * FROM read_csv(${quoted(copy)}, ${options.join(', ')})`;
  const kind = isReadOnce ? 'VIEW' : 'TABLE';
  await tables.run(`CREATE ${kind} source AS ${await withLines(tables, clean, rows)}`);
  return clean;
}

/** Adds the lines of the file that was sent to the rows of the copy. */
async function withLines(tables: Tables, { columns, lines }: CleanCsv, rows: string): Promise<string> {
  const list = columns.map(identifier).join(', ');
  const [first] = lines;
  if (lines.length === 1 && first) {
    return `SELECT "\u0001row" + ${first.line} AS "${LINE}", ${list} FROM (${rows})`;
  }
  await tables.run('CREATE TABLE breaks ("row" BIGINT, line BIGINT)');
  for (let at = 0; at < lines.length; at += 1_000) {
    const values = lines.slice(at, at + 1_000).map(({ row, line }) => `(${row}, ${line})`);
    await tables.run(`INSERT INTO breaks VALUES ${values.join(', ')}`);
  }
  return `SELECT breaks.line + rows."\u0001row" - breaks.row AS "${LINE}", ${list}
    FROM (${rows}) AS rows ASOF JOIN breaks ON rows."\u0001row" >= breaks.row`;
}

async function loadJsonLines(tables: Tables, { path, missing }: SourceFile): Promise<LoadedSource> {
  const broken: BrokenRecord[] = [];
  const names = new Set<string>();
  await tables.run('CREATE TABLE json_lines (line BIGINT, text VARCHAR)');
  let line = 0;
  let batch: string[] = [];
  let length = 0;
  const flush = async () => {
    if (batch.length > 0) await tables.run(`INSERT INTO json_lines VALUES ${batch.join(', ')}`);
    [batch, length] = [[], 0];
  };
  for await (const bytes of linesOf(path)) {
    line += 1;
    const record = readRecord(bytes);
    if (record === undefined) continue;
    if ('fault' in record) broken.push({ line, text: bytes.subarray(0, 2_000).toString('utf8'), fault: record.fault });
    else {
      for (const name of record.names) names.add(name);
      if (names.size > MAX_COLUMNS) throw invalid(`The file has more than ${MAX_COLUMNS} different fields.`);
      batch.push(`(${line}, ${quoted(record.text)})`);
      length += record.text.length;
      if (batch.length >= BATCH_ROWS || length >= BATCH_LENGTH) await flush();
    }
  }
  await flush();
  if (line === 0) throw invalid('The file is empty.');
  broken.push(...(await takeUnreadable(tables)));
  const columns = [...names];
  const blank = ['', ...missing].map(quoted).join(', ');
  const fields = columns.map((name) => {
    // A JSON pointer, because paths have wildcards, also in quotes.
    const value = `text ->> ${quoted(pointerTo(name))}`;
    return `CASE WHEN ${value} IN (${blank}) THEN NULL ELSE ${value} END AS ${identifier(name)}`;
  });
  if (columns.length === 0) throw invalid('The file has no object with a field.');
  requireColumnNames(columns);
  await tables.run(
    `CREATE TABLE source AS SELECT line AS "${LINE}", ${fields.join(', ')} FROM json_lines ORDER BY line`,
  );
  await tables.run('DROP TABLE json_lines');
  return { columns, broken };
}

/** JSON that DuckDB does not read, such as half of a character. Removes it. */
async function takeUnreadable(tables: Tables): Promise<readonly BrokenRecord[]> {
  const rows = await tables.rows(
    'DELETE FROM json_lines WHERE NOT json_valid(text) RETURNING line, left(text, 2000) AS text',
  );
  return rows.map(({ line, text }) => ({ line: Number(line), text: String(text), fault: NOT_JSON }));
}

async function loadParquet(tables: Tables, { path }: SourceFile): Promise<LoadedSource> {
  const reading = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      // Where the copy lies here says nothing to the sender.
      const reason = firstLine(error).replaceAll(`file '${path}'`, 'the file');
      throw invalid(`The file cannot be read as Parquet: ${reason}`);
    }
  };
  const columns = await reading(columnNames(tables, `SELECT * FROM read_parquet(${quoted(path)})`));
  requireColumnNames(columns);
  const list = columns.map((name) => `CAST(${identifier(name)} AS VARCHAR) AS ${identifier(name)}`).join(', ');
  const rows = `SELECT row_number() OVER () AS "${LINE}", ${list} FROM read_parquet(${quoted(path)})`;
  await reading(tables.run(`CREATE TABLE source AS ${rows}`));
  return { columns, broken: [] };
}

const NOT_JSON = { code: 'quotes', message: 'the line is not valid JSON' } as const;

type JsonRecord =
  | { readonly text: string; readonly names: readonly string[] }
  | { readonly fault: BrokenRecord['fault'] }
  | undefined;

function readRecord(bytes: Buffer): JsonRecord {
  if (!isUtf8(bytes)) return { fault: { code: 'encoding', message: 'the bytes are not UTF-8' } };
  const text = bytes.toString('utf8').trim();
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { text, names: Object.keys(value) };
    return { fault: { code: 'ragged', message: 'the line is not a JSON object' } };
  } catch {
    return { fault: NOT_JSON };
  }
}

async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let isFirst = true;
  let line = 1;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    if (isFirst && rest.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]))) rest = rest.subarray(3);
    isFirst = false;
    let start = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, start)) {
      yield rest.subarray(start, end);
      start = end + 1;
      line += 1;
    }
    rest = shortEnough(rest.subarray(start), line);
  }
  if (rest.length > 0) yield rest;
}

const emptySource = (columns: readonly string[]): string =>
  `CREATE TABLE source ("${LINE}" BIGINT, ${columns.map((name) => `${identifier(name)} VARCHAR`).join(', ')})`;

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';

const invalid = (message: string) => new ModelyardError('invalid_input', message);
