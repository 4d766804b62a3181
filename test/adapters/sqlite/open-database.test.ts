import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { migrate } from '#adapters/sqlite/database/migrations.ts';
import { openDatabase } from '#adapters/sqlite/database/open-database.ts';
import { folderTrouble } from '#adapters/sqlite/errors.ts';
import { useDataFolders } from '#test/support/data-folder.ts';

const folders = useDataFolders();

const V1 = ['CREATE TABLE notes (text TEXT)'];
const V2 = [...V1, 'ALTER TABLE notes ADD COLUMN length INTEGER; UPDATE notes SET length = length(text)'];
const V3_BROKEN = [...V2, 'CREATE TABLE more (n INTEGER); INSERT INTO nowhere VALUES (1)'];

async function aFile() {
  const file = join(await folders.newFolder(), 'modelyard.db');
  const connection = new DatabaseSync(file);
  return { file, connection };
}

const rows = (connection: DatabaseSync, sql: string) =>
  connection
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));

describe('a database of an older version', () => {
  it('is migrated at the start, and a copy of it is kept', async () => {
    const { file, connection } = await aFile();
    migrate(connection, file, V1);
    connection.exec("INSERT INTO notes VALUES ('hello')");

    migrate(connection, file, V2);

    const copy = new DatabaseSync(`${file}.v1`);
    expect(rows(connection, 'SELECT * FROM notes')).toEqual([{ text: 'hello', length: 5 }]);
    expect(rows(connection, 'PRAGMA user_version')).toEqual([{ user_version: 2 }]);
    expect(rows(copy, 'SELECT * FROM notes')).toEqual([{ text: 'hello' }]);
    expect(rows(copy, 'PRAGMA user_version')).toEqual([{ user_version: 1 }]);
    copy.close();
    connection.close();
  });

  it('stays as it was when a step fails', async () => {
    const { file, connection } = await aFile();
    migrate(connection, file, V1);
    connection.exec("INSERT INTO notes VALUES ('hello')");

    expect(() => migrate(connection, file, V3_BROKEN)).toThrow(/no such table: nowhere/);

    expect(rows(connection, 'SELECT * FROM notes')).toEqual([{ text: 'hello' }]);
    expect(rows(connection, 'PRAGMA user_version')).toEqual([{ user_version: 1 }]);
    expect(rows(connection, "SELECT name FROM sqlite_schema WHERE name = 'more'")).toEqual([]);
    connection.close();
  });

  it('is left alone when it has the newest version, and keeps no copy of an empty one', async () => {
    const { file, connection } = await aFile();
    migrate(connection, file, V2);
    migrate(connection, file, V2);

    expect(existsSync(`${file}.v0`)).toBe(false);
    expect(existsSync(`${file}.v2`)).toBe(false);
    connection.close();
  });
});

describe('a data folder that cannot be used is refused with one sentence', () => {
  it('when the database is of a newer version', async () => {
    const { file, connection } = await aFile();
    migrate(connection, file, V2);
    connection.exec("INSERT INTO notes VALUES ('hello', 5)");

    const refused = expect.objectContaining({
      message: `The database ${file} has version 2, and this version of Modelyard reads up to 1: start the newer one that wrote it, or choose another folder.`,
    });
    expect(() => migrate(connection, file, V1)).toThrow(refused);
    expect(rows(connection, 'SELECT * FROM notes')).toEqual([{ text: 'hello', length: 5 }]);
    connection.close();
  });

  it('when the database is of another program', async () => {
    const { file, connection } = await aFile();
    connection.exec('CREATE TABLE theirs (n INTEGER)');

    expect(() => migrate(connection, file, V1)).toThrow(/is not a database of Modelyard; choose another folder\.$/);
    expect(rows(connection, 'SELECT name FROM sqlite_schema')).toEqual([{ name: 'theirs' }]);
    connection.close();
  });

  it.each([
    ['no database', async (file: string) => writeFile(file, 'These are not the bytes of a database.'.repeat(1000))],
    [
      'a database whose first page was overwritten',
      async (file: string) => {
        openDatabase({ folder: join(file, '..') }).close();
        const bytes = await readFile(file);
        await writeFile(file, bytes.fill(255, 100, 4096));
      },
    ],
  ])('when the file is %s, and does not touch it', async (_, damage) => {
    const folder = await folders.newFolder();
    const file = join(folder, 'modelyard.db');
    await damage(file);
    const before = await readFile(file);

    const refused = `The database ${file} is damaged; nothing in it was changed. Move it away to start with an empty one.`;
    expect(() => openDatabase({ folder })).toThrow(expect.objectContaining({ message: refused }));
    expect(Buffer.compare(await readFile(file), before)).toBe(0);
  });

  it('when a page in the middle of the database was overwritten, and does not touch it', async () => {
    const folder = await folders.newFolder();
    const file = join(folder, 'modelyard.db');
    await openDatabase({ folder }).close();
    const bytes = await readFile(file);
    const before = bytes.fill(255, 3 * 4096, 4 * 4096);
    await writeFile(file, before);

    const refused = expect.objectContaining({
      message: expect.stringMatching(/is damaged; nothing in it was changed\./),
    });
    expect(() => openDatabase({ folder, isChecked: true })).toThrow(refused);
    expect(Buffer.compare(await readFile(file), before)).toBe(0);
  });

  it('when there is a file where the folder should be', async () => {
    const folder = join(await folders.newFolder(), 'file');
    await writeFile(folder, '');

    const refused = `The data folder ${folder} cannot be used: it is a file.`;
    expect(() => openDatabase({ folder })).toThrow(expect.objectContaining({ message: refused }));
  });

  it.each([
    ['ENOENT', 'it cannot be created'],
    ['EROFS', 'it is not writable'],
    ['ENOSPC', 'its disk is full'],
  ])('in words for the error %s of the file system', (code, words) => {
    expect(folderTrouble(Object.assign(new Error(code), { code }))).toBe(words);
  });
});
