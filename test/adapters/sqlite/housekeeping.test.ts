import { existsSync, statSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openSqlite, type Sqlite } from '#adapters/sqlite/index.ts';
import { MAX_DEADLINE_SECONDS, RETENTION_SECONDS, type TaskResult } from '#core';
import { systemClock } from '#platform/platform.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const folders = useDataFolders();
const opened: Sqlite[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((sqlite) => sqlite.close()));
});

/** A data folder whose clock a test moves on. */
async function open() {
  const folder = await folders.newFolder();
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => Date.now() + aheadMs };
  const sqlite = await openSqlite({ folder, durability: 'process', clock, pollMs: 1000 });
  opened.push(sqlite);
  const look = new DatabaseSync(join(folder, 'modelyard.db'), { timeout: 5000 });
  const count = () => Number(look.prepare('SELECT count(*) AS n FROM tasks').get()?.n);
  const sleepMs = (ms: number) => {
    aheadMs += ms;
  };
  return { folder, sqlite, count, sleepMs };
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 50 });
const DAY_MS = 24 * 3_600_000;

describe('what has expired', () => {
  it('is deleted in small steps, while what is kept stays', async () => {
    const { sqlite, count, sleepMs } = await open();
    const retainedUntil = Date.now() + DAY_MS;
    const expiring = Array.from({ length: 250 }, () => aFreshTask({ retainedUntil }));
    const kept = aFreshTask({ retainedUntil: retainedUntil + DAY_MS });
    await Promise.all([...expiring, kept].map((task) => sqlite.tasks.create(task)));

    sleepMs(DAY_MS + 1000);
    await eventually(() => expect(count()).toBe(1));

    expect(await sqlite.tasks.get(kept.id)).toEqual(kept);
  });

  it('takes its request and its results along', async () => {
    const { folder, sqlite, sleepMs } = await open();
    const retainedUntil = Date.now() + DAY_MS;
    const [gone, kept] = [aFreshTask({ retainedUntil }), aFreshTask({ retainedUntil: retainedUntil + DAY_MS })];
    const blobsOf = ({ id }: { readonly id: string }) => [`requests/${id}`, `results/${id}/1`, `results/${id}/2`];
    for (const task of [gone, kept]) {
      await sqlite.tasks.create(task);
      for (const key of blobsOf(task)) await sqlite.blobs.put(key, Uint8Array.of(1));
    }

    sleepMs(DAY_MS + 1000);
    const files = blobsOf(gone).map((key) => join(folder, 'blobs', key));
    await eventually(() => expect(files.filter((file) => existsSync(file))).toEqual([]));

    expect(await Promise.all(blobsOf(kept).map((key) => sqlite.blobs.get(key)))).not.toContain(undefined);
  });

  it('gives its space back to the file system', async () => {
    const { folder, sqlite, count, sleepMs } = await open();
    const file = join(folder, 'modelyard.db');
    const retainedUntil = Date.now() + DAY_MS;
    const result: TaskResult = { contractHash: 'c', payload: { kind: 'inline', bytes: new Uint8Array(100_000) } };
    await Promise.all(Array.from({ length: 200 }, () => sqlite.tasks.create(aFreshTask({ retainedUntil, result }))));
    await sqlite.database.read(() => sqlite.database.all('PRAGMA wal_checkpoint(TRUNCATE)'));
    const before = statSync(file).size;

    sleepMs(DAY_MS + 1000);
    await eventually(() => expect(count()).toBe(0));
    await eventually(() => {
      sqlite.database.all('PRAGMA wal_checkpoint(TRUNCATE)');
      expect(statSync(file).size).toBeLessThan(before / 2);
    });
  });

  it('includes blobs of tasks that were never accepted', async () => {
    const folder = await folders.newFolder();
    const [orphan, young] = [join(folder, 'blobs/requests/orphan'), join(folder, 'blobs/requests/young')];
    await mkdir(join(folder, 'blobs/requests'), { recursive: true });
    await Promise.all([orphan, young].map((path) => writeFile(path, 'x')));
    const longAgo = new Date(Date.now() - 1000 * (MAX_DEADLINE_SECONDS + RETENTION_SECONDS) - DAY_MS);
    await utimes(orphan, longAgo, longAgo);

    opened.push(await openSqlite({ folder, durability: 'process', clock: systemClock, pollMs: 1000 }));

    await eventually(() => expect(existsSync(orphan)).toBe(false));
    expect(existsSync(young)).toBe(true);
  });
});
