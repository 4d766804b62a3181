import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTables, type Tables } from '#adapters/duckdb/tables.ts';
import { checkQuery } from '#lifecycle/preprocessing/check-query.ts';
import { useDataFolders } from '#test/support/data-folder.ts';

const folders = useDataFolders();
let tables: Tables;
beforeAll(async () => {
  tables = await openTables({ folder: await folders.newFolder() });
  await tables.run("CREATE TABLE input AS SELECT 1 AS a, 'x' AS place");
  await tables.confine([]);
});
afterAll(() => tables[Symbol.asyncDispose]());

async function isAccepted(sql: string): Promise<boolean> {
  try {
    await checkQuery(tables, sql);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_input' });
    return false;
  }
}

async function accepted(names: string, queryOf: (name: string) => string): Promise<readonly string[]> {
  const rows = await tables.rows(names);
  expect(rows.length).toBeGreaterThan(30);
  const found: string[] = [];
  for (const { name } of rows) if (await isAccepted(queryOf(String(name)))) found.push(String(name));
  return found;
}

const TABLE_FUNCTIONS = `SELECT DISTINCT function_name AS name FROM duckdb_functions()
  WHERE function_type IN ('table', 'table_macro') ORDER BY name`;
const SYSTEM_VIEWS = 'SELECT DISTINCT view_name AS name FROM duckdb_views() WHERE internal';
/** Nothing besides the arguments and the time can be behind the others. */
const STATE_FUNCTIONS = `SELECT DISTINCT function_name AS name FROM duckdb_functions() WHERE function_type = 'scalar'
  AND regexp_matches(function_name, 'setting|variable|secret|env|log$|file|path|query|exec|read|write') ORDER BY name`;

describe('a query of a user', () => {
  it('has no table functions of DuckDB but those that make rows of their arguments', async () => {
    expect(await accepted(TABLE_FUNCTIONS, (name) => `SELECT * FROM ${name}(1)`)).toEqual([
      ...['generate_series', 'json_each', 'json_tree', 'range', 'repeat', 'repeat_row', 'unnest'],
    ]);
    expect(
      await accepted(TABLE_FUNCTIONS, (name) => `SELECT * FROM system.main.${name.toUpperCase()}(1)`),
    ).toHaveLength(7);
  });

  it('has no system views', async () => {
    expect(await accepted(SYSTEM_VIEWS, (name) => `FROM input WHERE EXISTS (FROM ${name.toUpperCase()})`)).toEqual([]);
    expect(await isAccepted('FROM information_schema.tables')).toBe(false);
    expect(await isAccepted('FROM system.main.duckdb_columns')).toBe(false);
  });

  it('has no scalar functions that read settings', async () => {
    const rows = await tables.rows(STATE_FUNCTIONS);
    const found: string[] = [];
    for (const { name } of rows) if (await isAccepted(`SELECT ${String(name)}(1)`)) found.push(String(name));

    expect(found).toEqual([
      ...['current_query', 'current_query_id', 'in_search_path', 'json_extract_path', 'json_extract_path_text', 'log'],
      ...['parse_dirpath', 'parse_filename', 'parse_path'],
    ]);
  });

  it.each([
    "SELECT current_setting('temp_directory')",
    "SELECT CURRENT_SETTING('temp_directory')",
    "SELECT ('temp_directory').current_setting()",
    "SELECT [x FOR x IN [1] IF current_setting('temp_directory') = '']",
    "FROM input ORDER BY current_setting('temp_directory')",
    "FROM input LIMIT length(current_setting('temp_directory'))",
    "SELECT * REPLACE (current_setting('temp_directory') AS place) FROM input",
    "SELECT row_number() OVER w FROM input WINDOW w AS (ORDER BY current_setting('temp_directory'))",
    "PIVOT input ON place IN ('x') USING max(current_setting('temp_directory'))",
    'WITH duckdb_settings AS (SELECT 1) SELECT * FROM duckdb_settings()',
    'SHOW DATABASES',
    'FROM (SHOW ALL TABLES)',
    'PRAGMA database_list',
    "ATTACH '/tmp/other.db'",
    "COPY input TO '/tmp/input.csv'",
    'INSTALL httpfs',
    'LOAD json',
    'CREATE MACRO one() AS 1',
    'SET threads = 1',
    'SELECT 1; PRAGMA enable_profiling',
    'SELECT 1; SELECT 2',
    'EXPLAIN SELECT 1',
    'PIVOT input ON place USING sum(a)',
    'SELEC 1',
    '',
  ])('is refused as %s', async (sql) => {
    expect(await isAccepted(sql)).toBe(false);
  });

  it.each([
    'WITH sums AS (SELECT place, sum(a) AS a FROM input GROUP BY ALL) FROM sums JOIN input USING (place)',
    'SELECT a, lag(a) OVER (PARTITION BY place ORDER BY a) FROM input QUALIFY row_number() OVER (ORDER BY a) = 1',
    "SELECT list_transform([1, 2], lambda x: x + a), regexp_extract(place, 'x'), a::VARCHAR FROM input",
    'FROM input ASOF JOIN input AS other ON input.a >= other.a',
    "PIVOT input ON place IN ('x') USING sum(a)",
    'SELECT * FROM range(3), unnest([1, 2]), (VALUES (1))',
  ])('is accepted and runs as %s', async (sql) => {
    await checkQuery(tables, sql);

    expect((await tables.rows(sql)).length).toBeGreaterThan(0);
  });
});
