import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openPostgres } from '#adapters/sql/postgres.ts';
import { systemClock } from '#platform/platform.ts';
import { openSqlitePlatform } from '#platform/sqlite.ts';
import { findBinary } from '#test/support/broker-binaries.ts';
import { aCall } from '#test/support/calls.ts';
import { findPostgres, startPostgres } from '#test/support/postgres-server.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const SUITE = 'A backup as docs/backup.md describes it';
const NEW = { name: 'ann', role: 'user', passwordHash: 'h', createdAt: 1 } as const;
const binaries = await findPostgres(SUITE);
const [dump, restore] = [findBinary('pg_dump'), findBinary('pg_restore')];
const run = promisify(execFile);

describe(SUITE, { timeout: 60_000 }, () => {
  it('of a data folder has users, calls, tasks and blobs', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'modelyard-backup-'));
    onTestFinished(() => rm(parent, { recursive: true }));
    const before = await openSqlitePlatform({ folder: join(parent, 'data') });
    const user = await before.users.create(NEW);
    const task = aFreshTask({ owner: user?.id ?? '' });
    await before.tasks.create(task);
    await before.calls.append([aCall({ owner: task.owner })]);
    await before.blobs.put(`results/${task.id}/1`, Uint8Array.of(1, 2));
    await before.close();

    await cp(join(parent, 'data'), join(parent, 'copy'), { recursive: true });
    const after = await openSqlitePlatform({ folder: join(parent, 'copy'), isChecked: true });
    onTestFinished(() => after.close());

    expect(await after.users.findByName('ann')).toEqual(user);
    expect(await after.tasks.get(task.id)).toEqual(task);
    expect((await after.calls.list({ owner: task.owner, limit: 9 })).calls).toHaveLength(1);
    expect(await after.blobs.get(`results/${task.id}/1`)).toEqual(Buffer.of(1, 2));
  });

  it.runIf(binaries && dump && restore)(
    'of PostgreSQL has users and calls, and takes back what came later',
    async () => {
      if (!binaries || !dump || !restore) return;
      const server = await startPostgres(binaries);
      onTestFinished(() => server.dispose());
      const folder = await mkdtemp(join(tmpdir(), 'modelyard-backup-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const file = join(folder, 'users.dump');
      const before = openPostgres({ url: server.url, schema: 'modelyard', clock: systemClock });
      await before.connect(30_000);
      const user = await before.users.create(NEW);
      await before.calls.append([aCall({ owner: user?.id ?? '' })]);
      await run(dump, ['--format=custom', `--file=${file}`, server.url]);
      await before.users.delete(user?.id ?? '');
      await before.calls.deleteOf(user?.id ?? '');
      await before.close();

      await run(restore, ['--clean', '--if-exists', `--dbname=${server.url}`, file]);
      const after = openPostgres({ url: server.url, schema: 'modelyard', clock: systemClock });
      onTestFinished(() => after.close());
      await after.connect(30_000);

      expect(await after.users.findByName('ann')).toEqual(user);
      expect((await after.calls.list({ owner: user?.id ?? '', limit: 9 })).calls).toHaveLength(1);
    },
  );
});
