import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBValue, DuckDBVector, Json } from '@duckdb/node-api';
import { ModelyardError } from '#core';

export interface TablesOptions {
  /** Where data that does not fit into memory goes. Created if it does not exist. */
  readonly folder: string;
  /** @default 512 MiB */
  readonly memoryMiB?: number;
  /** The most that may go there. @default 16 GiB */
  readonly spillMiB?: number;
  /** @default 2 */
  readonly threads?: number;
}

/** A row with the values that JSON has. Times are text; large integers are text too. */
type TableRow = Readonly<Record<string, Json>>;

/**
 * An analytical database in memory for one piece of work. Its methods reject with `invalid_input` when the query or the
 * data are at fault, so that the same call fails again.
 */
export interface Tables extends AsyncDisposable {
  /** Parameters are `$1`, `$2` and so on. */
  run(sql: string, ...values: DuckDBValue[]): Promise<void>;
  rows(sql: string, ...values: DuckDBValue[]): Promise<readonly TableRow[]>;
  /** The columns of a query, each of type double, by position. NULL is NaN. */
  numbers(sql: string): Promise<readonly Float64Array[]>;
  /** Refuses files and settings besides these folders and files from now on. Call before SQL that others wrote. */
  confine(paths: readonly string[]): Promise<void>;
  /** Ends the query in progress, which rejects. */
  interrupt(): void;
}

/** Opens an empty database. Rejects when the folder cannot be written to. */
export async function openTables({
  folder,
  memoryMiB = 512,
  spillMiB = 16_384,
  threads = 2,
}: TablesOptions): Promise<Tables> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const spill = await mkdtemp(join(folder, 'spill-'));
  // Loaded here, because processes that only answer requests come without its binary.
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryMiB}MiB`,
    threads: String(threads),
    temp_directory: spill,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection: DuckDBConnection = await instance.connect();
  // Times without a zone are UTC on every machine.
  await connection.run("SET TimeZone = 'UTC'");
  // DuckDB ignores it among the options above.
  await connection.run(`SET max_temp_directory_size = '${spillMiB}MiB'`);
  return {
    async run(sql, ...values) {
      await judged(connection.run(sql, values));
    },
    async rows(sql, ...values) {
      return (await judged(connection.runAndReadAll(sql, values))).getRowObjectsJson();
    },
    async numbers(sql) {
      // A missing value costs more to recognize here than there.
      const result = await judged(connection.stream(`SELECT coalesce(COLUMNS(*), 'nan'::DOUBLE) FROM (${sql})`));
      const columns = Array.from({ length: result.columnCount }, () => new NumberList());
      for (;;) {
        const chunk = await result.fetchChunk();
        if (!chunk || chunk.rowCount === 0) return columns.map((column) => column.values);
        for (const [at, column] of columns.entries()) column.add(chunk.getColumnVector(at));
      }
    },
    async confine(paths) {
      const list = paths.map(quoted).join(', ');
      await connection.run(`SET allowed_directories = [${[quoted(spill), list].filter(Boolean).join(', ')}]`);
      await connection.run('SET enable_external_access = false');
      await connection.run('SET lock_configuration = true');
    },
    interrupt: () => connection.interrupt(),
    async [Symbol.asyncDispose]() {
      connection.closeSync();
      instance.closeSync();
      await rm(spill, { recursive: true, force: true });
    },
  };
}

/** Errors that the same query has on the same data each time. Others are those of disks, and of an interruption. */
const LASTING =
  /^(?:Failed to extract statements|(?:Binder|Catalog|Constraint|Conversion|Invalid Input|Mismatch Type|Not implemented|Out of Memory|Out of Range|Parser|Permission) Error): /;

async function judged<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1);
    if (LASTING.test(reason)) throw new ModelyardError('invalid_input', reason, { cause });
    throw cause;
  }
}

/** The names of the columns of a table or a query. */
export const columnNames = async (tables: Pick<Tables, 'rows'>, table: string): Promise<readonly string[]> =>
  (await tables.rows(`DESCRIBE ${table}`)).map(({ column_name }) => String(column_name));

/** A text as a literal of SQL. Throws `invalid_input` for one that SQL cannot have. */
export const quoted = (text: string): string => `'${withoutZero(text).replaceAll("'", "''")}'`;

/** A name as an identifier of SQL. Throws `invalid_input` for one that SQL cannot have. */
export const identifier = (name: string): string => `"${withoutZero(name).replaceAll('"', '""')}"`;

/** A zero byte would end the statement. */
function withoutZero(text: string): string {
  if (!text.includes('\0')) return text;
  throw new ModelyardError('invalid_input', 'Names and texts in queries must not have a zero byte.');
}

/** A list of numbers that grows. */
class NumberList {
  #values = new Float64Array(2048);
  #length = 0;

  get values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  add(vector: DuckDBVector): void {
    const count = vector.itemCount;
    if (this.#length + count > this.#values.length) {
      const larger = new Float64Array(2 * (this.#length + count));
      larger.set(this.values);
      this.#values = larger;
    }
    for (let at = 0; at < count; at++) {
      const value = vector.getItem(at);
      this.#values[this.#length++] = typeof value === 'number' ? value : Number.NaN;
    }
  }
}
