import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { identifier, quoted, type Tables } from '#adapters/duckdb/tables.ts';
import { ModelyardError } from '#core';
import { checkedRows, inferredType, jsonOf, SHOWN, storedColumns, typedName, typeShares } from './check-rows.ts';
import type { BrokenRecord } from './clean-csv.ts';
import { LINE, type LoadedSource, loadSource, type SourceFile } from './load-source.ts';
import type { ColumnRule, DatasetSchema } from './schema.ts';

/** A row that was refused, with its place in the file that was sent. */
interface RefusedRow {
  readonly line: number;
  /** Stable: `type`, `range`, `missing`, `values`, `duplicate`, `ragged`, `quotes` or `encoding`. */
  readonly code: string;
  /** One clause. */
  readonly reason: string;
  readonly text: string;
}

export interface ReadRows {
  readonly schema: DatasetSchema;
  /** Good rows. */
  readonly rows: number;
  readonly badRows: number;
  /** The first refused rows, sorted by line. */
  readonly refused: readonly RefusedRow[];
  /** Paths of Parquet files. */
  readonly rowsFile: string;
  readonly refusedFile: string | undefined;
}

/** Refused rows that lists show. All of them are in a file. */
const MAX_LISTED = 10_000;
const SEPARATOR = '\u001f';
const REASON = '"\u0001reason"';
/** A row that was refused after it had been checked. */
const UNSHOWN = `${REASON} IS NOT NULL AND ${SHOWN} IS NULL`;

/**
 * Reads a file into Parquet: good rows with their types, refused rows with line and reason. Rejects with `invalid_input`
 * when the file as a whole cannot be read. `schema`: taken from the data when undefined.
 */
export async function readRows(
  tables: Tables,
  file: Omit<SourceFile, 'isReadOnce'> & { readonly hash: string },
  given: DatasetSchema | undefined,
): Promise<ReadRows> {
  const source = await loadSource(tables, { ...file, isReadOnce: given !== undefined });
  const schema = given ?? (await inferSchema(tables, source));
  requireColumns(schema, source);
  await tables.run(`CREATE TABLE checked AS ${checkedRows(schema, { line: LINE, sent: source.columns })}`);
  await confirmCount(tables, source);
  await markDuplicates(tables, schema, source.columns);
  await addBroken(tables, source.broken);
  const rowsFile = join(file.scratch, 'rows.parquet');
  await tables.run(
    `COPY (SELECT ${storedColumns(schema)}, "${LINE}" AS _line, ${quoted(file.hash)} AS _file
       FROM checked WHERE ${REASON} IS NULL) TO ${quoted(rowsFile)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const [good] = await tables.rows(`SELECT count(*) AS count FROM checked WHERE ${REASON} IS NULL`);
  const { badRows, refused, refusedFile } = await refusedRows(tables, file.scratch);
  return { schema, rows: Number(good?.count), badRows, refused, rowsFile, refusedFile };
}

async function inferSchema(tables: Tables, { columns }: LoadedSource): Promise<DatasetSchema> {
  const rules: Record<string, ColumnRule> = {};
  for (const name of columns) {
    const [shares = {}] = await tables.rows(typeShares(name, 'source'));
    rules[name] = { type: inferredType(shares) };
  }
  return { columns: rules };
}

function requireColumns(schema: DatasetSchema, { columns }: LoadedSource): void {
  const missing = Object.keys(schema.columns).filter((name) => !columns.includes(name));
  const unknown = columns.filter((name) => !Object.hasOwn(schema.columns, name));
  if (missing.length === 0 && unknown.length === 0) return;
  const parts = [
    ...(missing.length > 0 ? [`lacks ${missing.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`has the unknown ${unknown.join(', ')}`] : []),
  ];
  throw new ModelyardError(
    'invalid_input',
    `The columns are not those of the dataset: the file ${parts.join(' and ')}.`,
  );
}

/** Fails instead of losing rows, should the reader see other records than the scanner. */
async function confirmCount(tables: Tables, { rows }: LoadedSource): Promise<void> {
  const [row] = await tables.rows('SELECT count(*) AS count FROM checked');
  if (rows === undefined || Number(row?.count) === rows) return;
  throw new ModelyardError('internal', `The file has ${rows} rows, and ${String(row?.count)} were read.`);
}

/** The first of several rows with one key is good. */
async function markDuplicates(
  tables: Tables,
  { key = [], columns }: DatasetSchema,
  sent: readonly string[],
): Promise<void> {
  if (key.length === 0) return;
  const names = key.map((name) => identifier(columns[name]?.type === 'text' ? name : typedName(name)));
  await tables.run(
    `CREATE TABLE first_of_key AS SELECT ${names.join(', ')}, min("${LINE}") AS first FROM checked
       WHERE ${REASON} IS NULL GROUP BY ${names.join(', ')} HAVING count(*) > 1`,
  );
  const isSame = names.map((name) => `checked.${name} IS NOT DISTINCT FROM first_of_key.${name}`).join(' AND ');
  await tables.run(
    `UPDATE checked SET ${REASON} = 'duplicate${SEPARATOR}the row has the key of line ' || first FROM first_of_key
       WHERE ${isSame} AND "${LINE}" > first AND ${REASON} IS NULL`,
  );
  const [marked] = await tables.rows(`SELECT count(*) AS count FROM checked WHERE ${UNSHOWN}`);
  if (Number(marked?.count) === 0) return;
  await tables.run(
    `UPDATE checked SET ${SHOWN} = again.text FROM (SELECT "${LINE}" AS line, ${jsonOf(sent)} AS text FROM source) AS again
       WHERE again.line = "${LINE}" AND ${UNSHOWN}`,
  );
}

async function addBroken(tables: Tables, broken: readonly BrokenRecord[]): Promise<void> {
  await tables.run('CREATE TABLE broken (line BIGINT, code VARCHAR, reason VARCHAR, text VARCHAR)');
  for (let at = 0; at < broken.length; at += 500) {
    const values = broken
      .slice(at, at + 500)
      .map(({ line, fault, text }) => `(${line}, ${[fault.code, fault.message, text].map(literal).join(', ')})`);
    await tables.run(`INSERT INTO broken VALUES ${values.join(', ')}`);
  }
}

/** A zero byte would end the statement. */
const literal = (text: string): string => quoted(text.replaceAll('\0', '\ufffd'));

async function refusedRows(tables: Tables, scratch: string) {
  await tables.run(
    `CREATE TABLE refused AS
       SELECT "${LINE}" AS line, split_part(${REASON}, '${SEPARATOR}', 1) AS code,
         split_part(${REASON}, '${SEPARATOR}', 2) AS reason, ${SHOWN} AS text
       FROM checked WHERE ${REASON} IS NOT NULL
       UNION ALL SELECT line, code, reason, text FROM broken`,
  );
  const [bad] = await tables.rows('SELECT count(*) AS count FROM refused');
  const badRows = Number(bad?.count);
  if (badRows === 0) return { badRows, refused: [], refusedFile: undefined };
  const refusedFile = join(scratch, 'refused.parquet');
  await tables.run(
    `COPY (SELECT * FROM refused ORDER BY line) TO ${quoted(refusedFile)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const rows = await tables.rows(`SELECT * FROM refused ORDER BY line LIMIT ${MAX_LISTED}`);
  const refused = rows.map(({ line, code, reason, text: shown }) => ({
    line: Number(line),
    code: String(code),
    reason: String(reason),
    text: String(shown).slice(0, 2_000),
  }));
  return { badRows, refused, refusedFile };
}

/** The id of a version: the same for the same content and schema. */
export const versionId = (dataset: string, fileHash: string, schema: string): string =>
  createHash('sha256')
    .update(JSON.stringify([dataset, fileHash, schema]))
    .digest('hex')
    .slice(0, 32);
