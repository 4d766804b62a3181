import { identifier, quoted, type Tables } from '#adapters/duckdb/tables.ts';
import { isRecord, type JsonObject, ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { scorerOf } from '../versions/score.ts';
import { readVersionFiles } from '../versions/version-files.ts';
import { type Column, categoryColumn, numberColumn } from './statistics/column.ts';

/** The name of the column with the answers. */
export const PREDICTION = 'prediction';

/** The training data of a version. */
export interface Reference {
  /** By the names of features, and `prediction`: what the version answers to its training set. */
  readonly columns: ReadonlyMap<string, Column>;
}

/** Undefined for versions that were not trained here, and for those whose training set is gone. */
export async function readReference(
  lifecycle: Lifecycle,
  tables: Tables,
  { model, version }: { readonly model: string; readonly version: string },
): Promise<Reference | undefined> {
  try {
    const { facts } = await lifecycle.ask('training', 'version', { model, version });
    return await read(lifecycle, tables, isRecord(facts) ? (facts as JsonObject) : {});
  } catch (error) {
    if (error instanceof ModelyardError && error.code === 'resource_not_found') return undefined;
    throw error;
  }
}

async function read({ stores }: Lifecycle, tables: Tables, facts: JsonObject): Promise<Reference | undefined> {
  const { order, artifact } = facts;
  if (typeof order !== 'string' || typeof artifact !== 'string') return undefined;
  const { features, training_set } = JSON.parse(order) as {
    readonly features: string[];
    readonly training_set: string;
  };
  const source = `read_parquet(${quoted(await stores.artifacts.fileOf(training_set))})`;
  const described = await tables.rows(`DESCRIBE SELECT * FROM ${source}`);
  const types = new Map(described.map(({ column_name, column_type }) => [String(column_name), String(column_type)]));
  const names = features.filter((name) => types.has(name));
  const columns = await columnsOf(
    tables,
    source,
    names.map((name) => ({
      name,
      sql: identifier(name),
      type: /CHAR|ENUM/.test(types.get(name) ?? '') ? 'category' : 'number',
    })),
  );
  const rows = await tables.numbers(
    `SELECT ${features.map((name) => `try_cast(${identifier(name)} AS double)`).join(', ')} FROM ${source}`,
  );
  const files = await readVersionFiles(stores.artifacts, artifact);
  const score = await scorerOf((name) => stores.artifacts.read(files[name] as string), Object.keys(files)).catch(
    () => undefined,
  );
  if (score) columns.set(PREDICTION, numberColumn(Float64Array.from(await score(completeRows(rows)))));
  return { columns };
}

/** Rows without a missing value. */
function completeRows(columns: readonly Float64Array[]): readonly (readonly number[])[] {
  const rows: number[][] = [];
  for (let at = 0; at < (columns[0]?.length ?? 0); at++) {
    const row = columns.map((column) => column[at] as number);
    if (row.every(Number.isFinite)) rows.push(row);
  }
  return rows;
}

export interface AskedColumn {
  readonly name: string;
  /** An expression. */
  readonly sql: string;
  readonly type: Column['type'];
}

/** Reads columns of a table, one query for all numbers and one for each category. */
export async function columnsOf(
  tables: Tables,
  from: string,
  asked: readonly AskedColumn[],
): Promise<Map<string, Column>> {
  const columns = new Map<string, Column>();
  const numbers = asked.filter(({ type }) => type === 'number');
  if (numbers.length > 0) {
    const values = await tables.numbers(`SELECT ${numbers.map(({ sql }) => numeric(sql)).join(', ')} FROM ${from}`);
    for (const [at, { name }] of numbers.entries()) columns.set(name, numberColumn(values[at] as Float64Array));
  }
  for (const { name, sql } of asked.filter(({ type }) => type === 'category')) {
    const rows = await tables.rows(`SELECT CAST(${sql} AS VARCHAR) AS value FROM ${from}`);
    columns.set(name, categoryColumn(rows.map(({ value }) => value as string | null)));
  }
  return columns;
}

/** Truth values count as 1 and 0. */
const numeric = (sql: string): string =>
  `coalesce(try_cast(${sql} AS double), CASE CAST(${sql} AS VARCHAR) WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 END)`;
