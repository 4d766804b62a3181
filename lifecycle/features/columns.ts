import type { Tables } from '#adapters/duckdb/tables.ts';
import { ModelyardError } from '#core';

/** The names of the columns of a table or a query. */
export async function columnsOf(tables: Tables, table: string): Promise<readonly string[]> {
  const rows = await tables.rows(`DESCRIBE ${table}`);
  return rows.map(({ column_name }) => String(column_name));
}

/** Throws `invalid_input` for a wanted column that is not there. */
export function requireColumns(columns: readonly string[], wanted: readonly string[]): void {
  const missing = wanted.find((column) => !columns.includes(column));
  if (missing === undefined) return;
  throw new ModelyardError('invalid_input', `The data has no column ${missing}. It has ${columns.join(', ')}.`);
}
