import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBValue, DuckDBVector, Json } from '@duckdb/node-api';

export interface TablesOptions {
  /** Where data that does not fit into memory goes. Created if it does not exist. */
  readonly folder: string;
  /** @default 512 MiB */
  readonly memoryMiB?: number;
  /** @default 2 */
  readonly threads?: number;
}

/** A row with the values that JSON has. Times are text; large integers are text too. */
type TableRow = Readonly<Record<string, Json>>;

/** An analytical database in memory for one piece of work. */
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
export async function openTables({ folder, memoryMiB = 512, threads = 2 }: TablesOptions): Promise<Tables> {
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
  return {
    async run(sql, ...values) {
      await connection.run(sql, values);
    },
    async rows(sql, ...values) {
      return (await connection.runAndReadAll(sql, values)).getRowObjectsJson();
    },
    async numbers(sql) {
      // A missing value costs more to recognize here than there.
      const result = await connection.stream(`SELECT coalesce(COLUMNS(*), 'nan'::DOUBLE) FROM (${sql})`);
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

/** A text as a literal of SQL. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A name as an identifier of SQL. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

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
