import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '#adapters/sqlite/database/open-database.ts';
import { useDataFolders } from '#test/support/data-folder.ts';

const folders = useDataFolders();

/** A database with a table of numbers, and the ways a test writes to it. */
async function open({ lockTimeoutMs = 10_000 } = {}) {
  const folder = await folders.newFolder();
  const database = openDatabase({ folder, lockTimeoutMs });
  const other = new DatabaseSync(`${folder}/modelyard.db`);
  other.exec('CREATE TABLE numbers (n INTEGER PRIMARY KEY)');
  const add = (n: number) => database.write(() => database.run('INSERT INTO numbers VALUES (?)', n));
  const count = () => Number(other.prepare('SELECT count(*) AS n FROM numbers').get()?.n);
  return { folder, database, other, add, count };
}

/** Resolves after everything that is due in this turn of the event loop. */
const nextTurn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('writes to the database', () => {
  it('of one turn of the event loop are one commit, which nobody is told of before', async () => {
    const { database, other, add, count } = await open();
    const version = () => other.prepare('PRAGMA data_version').get()?.data_version;
    const before = Number(version());
    const told: number[] = [];

    const writes = Array.from({ length: 20 }, (_, n) => add(n).then(() => told.push(count())));
    const countBefore = count();
    await Promise.all(writes);

    expect(countBefore).toBe(0);
    expect(new Set(told)).toEqual(new Set([20]));
    expect(Number(version()) - before).toBe(1);
    await database.close();
  });

  it('that fail undo themselves alone', async () => {
    const { database, add, count } = await open();
    const addHalf = () =>
      database.write(() => {
        database.run('INSERT INTO numbers VALUES (100)');
        database.run('INSERT INTO numbers VALUES (1)');
      });

    const writes = await Promise.allSettled([add(1), add(2), addHalf(), add(2), add(3)]);

    expect(writes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(count()).toBe(3);
    await database.close();
  });

  it('wait for another process without blocking this one', async () => {
    const { database, other, add, count } = await open();
    other.exec('BEGIN IMMEDIATE');

    const writing = Promise.all([add(1), add(2)]);
    let turns = 0;
    for (; turns < 50; turns++) await nextTurn();
    other.exec('COMMIT');
    await writing;

    expect(turns).toBe(50);
    expect(count()).toBe(2);
    await database.close();
  });

  it('are refused when another program keeps the lock for too long, and go on when it lets go', async () => {
    const { database, other, add, count } = await open({ lockTimeoutMs: 30 });
    other.exec('BEGIN IMMEDIATE');

    const refused = await Promise.allSettled([add(1), add(2)]);
    other.exec('COMMIT');
    await add(3);

    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(count()).toBe(1);
    await database.close();
  });

  it('are kept whole when the disk is full, and go on when there is room', async () => {
    const { database, add, count } = await open();
    await add(0);
    const text = 'x'.repeat(10_000);
    const fill = () => database.write(() => database.run('CREATE TABLE IF NOT EXISTS texts (t TEXT)'));
    await fill();
    const pages = database.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
    database.all(`PRAGMA max_page_count = ${pages + 1}`);

    const large = () => database.write(() => database.run('INSERT INTO texts VALUES (?)', text));
    const refused = await Promise.allSettled([add(1), large(), add(2)]);
    database.all('PRAGMA max_page_count = 100000');
    await large();

    expect(refused.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(refused[1]).toMatchObject({ reason: { errcode: 13 } });
    expect(count()).toBe(3);
    await database.close();
  });

  it('under way are finished when the database is closed, and refused afterwards', async () => {
    const { database, add, count } = await open();

    const writing = add(1);
    await database.close();
    await writing;

    expect(count()).toBe(1);
    await expect(add(2)).rejects.toThrow();
    await expect(database.read(() => database.get('SELECT 1'))).rejects.toThrow();
    await database.close();
  });
});
