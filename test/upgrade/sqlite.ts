import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A data folder: its database as statements, and its files by their paths. */
export interface SqliteLeft {
  readonly statements: readonly string[];
  readonly files: Readonly<Record<string, Uint8Array>>;
}

const DATABASE = 'modelyard.db';
const FILES = 'blobs';

/** Reads the folder of a platform that is still open, as it is after SIGKILL. */
export function dumpSqlite(folder: string): SqliteLeft {
  const database = new DatabaseSync(join(folder, DATABASE), { readOnly: true });
  const pragmas = ['application_id', 'user_version'].map((name) => {
    const row = database.prepare(`PRAGMA ${name}`).get();
    return `PRAGMA ${name} = ${row?.[name]}`;
  });
  const schema = database.prepare('SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL').all();
  const rows = schema.flatMap(({ name, type }) => (type === 'table' ? rowsOf(database, String(name)) : []));
  database.close();
  const paths = readdirSync(join(folder, FILES), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return {
    statements: [...pragmas, ...schema.map(({ sql }) => String(sql)), ...rows],
    files: Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)])),
  };
}

function rowsOf(database: DatabaseSync, table: string): string[] {
  const columns = database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all();
  const values = columns.map(({ name }) => `quote(${name})`).join(" || ', ' || ");
  return database
    .prepare(`SELECT ${values} AS row FROM ${table}`)
    .all()
    .map(({ row }) => `INSERT INTO ${table} VALUES (${row})`);
}

/** Writes it into an empty folder. */
export function loadSqlite(folder: string, { statements, files }: SqliteLeft): void {
  const database = new DatabaseSync(join(folder, DATABASE));
  // Pages are returned to the file system only if this comes before the first table.
  database.exec('PRAGMA auto_vacuum = INCREMENTAL');
  for (const statement of statements) database.exec(statement);
  database.close();
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}
