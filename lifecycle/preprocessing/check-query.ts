import type { Tables } from '#adapters/duckdb/tables.ts';
import { isRecord, ModelyardError } from '#core';

/** Table functions that make rows of their arguments only. All others read files or describe the server. */
const TABLE_FUNCTIONS = new Set([
  'generate_series',
  'json_each',
  'json_tree',
  'range',
  'repeat',
  'repeat_row',
  'unnest',
]);
/** Scalar functions that read settings and variables, or write. */
const REFUSED_FUNCTIONS = new Set(['current_setting', 'getvariable', 'write_log']);

/**
 * Accepts one SELECT on tables of this database. Rejects with `invalid_input` for other statements and for what shows or
 * changes the server: table functions, system views, settings.
 */
export async function checkQuery(tables: Pick<Tables, 'rows'>, sql: string): Promise<void> {
  const [row] = await tables.rows('SELECT json_serialize_sql($1::VARCHAR) AS tree', sql);
  const tree = JSON.parse(String(row?.tree)) as Tree;
  if (tree.error && tree.error_type !== 'not implemented') {
    throw new ModelyardError('invalid_input', `Parser Error: ${tree.error_message}`);
  }
  if (tree.statements?.length !== 1) {
    throw new ModelyardError('invalid_input', 'It must be one SELECT; PIVOT needs its values (IN).');
  }
  const views = await tables.rows('SELECT view_name FROM duckdb_views() WHERE internal');
  checkNode(tree.statements, new Set(views.map(({ view_name }) => String(view_name))));
}

interface Tree {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly statements?: readonly unknown[];
}

function checkNode(node: unknown, systemViews: ReadonlySet<string>): void {
  if (Array.isArray(node)) for (const each of node) checkNode(each, systemViews);
  if (!isRecord(node)) return;
  const name = nameIn(node);
  if (node.type === 'SHOW_REF') refuse('SHOW, DESCRIBE and SUMMARIZE');
  if (node.type === 'BASE_TABLE' && (node.schema_name || node.catalog_name || systemViews.has(name))) {
    refuse(`the table ${name}`);
  }
  if (node.type === 'TABLE_FUNCTION' && !TABLE_FUNCTIONS.has(nameIn(node.function))) {
    refuse(`the table function ${nameIn(node.function)}`);
  }
  if (node.class === 'FUNCTION' && REFUSED_FUNCTIONS.has(name)) refuse(`the function ${name}`);
  for (const each of Object.values(node)) checkNode(each, systemViews);
}

const nameIn = (node: unknown): string =>
  isRecord(node) ? String(node.function_name ?? node.table_name ?? '').toLowerCase() : '';

function refuse(what: string): never {
  throw new ModelyardError('invalid_input', `It must not use ${what}.`);
}
