import pg from 'pg';
import { createClient } from 'redis';

/** Where something is, and what it is, as text. */
export interface StoredEntry {
  readonly at: string;
  readonly text: string;
}

/** All keys of a Redis with their values. */
export async function entriesOfRedis(url: string): Promise<readonly StoredEntry[]> {
  const client = await createClient({ url }).connect();
  try {
    const entries: StoredEntry[] = [];
    for await (const keys of client.scanIterator()) {
      for (const key of keys) entries.push({ at: `redis ${key}`, text: await textOf(client, key) });
    }
    return entries;
  } finally {
    await client.close();
  }
}

async function textOf(client: Pick<ReturnType<typeof createClient>, 'type' | 'sendCommand'>, key: string) {
  const reads: Readonly<Record<string, readonly string[]>> = {
    string: ['GET', key],
    hash: ['HGETALL', key],
    zset: ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
    set: ['SMEMBERS', key],
    list: ['LRANGE', key, '0', '-1'],
    stream: ['XRANGE', key, '-', '+'],
    // It ended in the meantime.
    none: ['GET', key],
  };
  const type = await client.type(key);
  const read = reads[type];
  if (!read) throw new Error(`No test can read ${key}, which is a ${type}.`);
  return JSON.stringify(await client.sendCommand([...read]));
}

/** All rows of all tables of a database. */
export async function entriesOfPostgres(url: string): Promise<readonly StoredEntry[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ table: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS table FROM information_schema.tables
       WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    const entries: StoredEntry[] = [];
    for (const { table } of tables) {
      const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${table} t`);
      entries.push(...rows.map(({ text }) => ({ at: `postgres ${table}`, text })));
    }
    return entries;
  } finally {
    await client.end();
  }
}

/** Where one of the words is. */
export const placesOf = (entries: readonly StoredEntry[], words: readonly string[]): string[] =>
  entries
    .filter(({ at, text }) => words.some((word) => `${at} ${text}`.includes(word)))
    .map(({ at }) => at)
    .toSorted();
