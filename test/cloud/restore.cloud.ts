import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DeleteObjectCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { createS3Client } from '#adapters/aws/index.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import { createFullAwsPlatform } from '#platform/aws-full.ts';
import { aCall } from '#test/support/calls.ts';
import { aFreshTask } from '#test/support/tasks.ts';
import { blocks, readPage } from '../docs/pages.ts';

const ENDPOINT = process.env.MODELYARD_E2E_ENDPOINT ?? '';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMANDS = blocks(readPage('docs/backup.md').text, 'bash')
  .flatMap((block) => block.split('\n'))
  .filter((line) => line.startsWith('npm run restore'));

describe('npm run restore', () => {
  it('adds the rows and objects that a stage has lost, by the commands of docs/backup.md, and changes no other', async () => {
    const stage = `lost${randomUUID().slice(0, 8)}`;
    const table = (name: string) => `modelyard-${stage}-Data${name}`;
    const settings = {
      ...localAwsSettings({ endpoints: { sqs: ENDPOINT, s3: ENDPOINT, dynamodb: ENDPOINT } }),
      ...{ tasksTable: table('Tasks'), registryTable: table('Registry') },
      ...{ usersTable: table('Users'), callsTable: table('Calls'), blobBucket: `modelyard-${stage}-datablobs1` },
    };
    await provision(settings, []);
    await using cleanup = new AsyncDisposableStack();
    const platform = createFullAwsPlatform(settings);
    cleanup.defer(() => platform.close());
    const { users, tasks, calls, blobs } = platform;
    const s3 = await createS3Client(settings);
    cleanup.defer(() => s3.destroy());
    const Bucket = settings.blobBucket;
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    const [ann, bob] = [await users.create(aUser('ann')), await users.create(aUser('bob'))];
    const task = aFreshTask({ owner: ann?.id ?? '' });
    await tasks.create(task);
    const keys = [`requests/${task.id}/a`, `results/${task.id}/b`, `requests/${randomUUID()}/c`] as const;
    for (const key of keys) await blobs.put(key, Buffer.from(`The content of ${key}.`));
    await calls.append([aCall({ owner: task.owner })]);
    const run = (line: string) => {
      const [, , , , ...args] = line.replace('prod', stage).split(' ');
      return promisify(execFile)(process.execPath, ['scripts/restore.ts', ...args], { cwd: ROOT });
    };

    // The emulator restores what there is now, whatever the time is. Times of tables are whole seconds.
    await sleep(1100);
    await run(COMMANDS[0] ?? '');
    // So are those of versions of objects.
    await sleep(1100);
    await users.delete(ann?.id ?? '');
    await tasks.erase(task);
    // Deleted by mistake; emptied with a task that comes back; emptied with one that does not.
    await s3.send(new DeleteObjectCommand({ Bucket, Key: keys[0] }));
    for (const key of keys.slice(1)) await blobs.put(key, new Uint8Array());
    await users.update({ ...(bob ?? fail()), role: 'operator', version: 2 });
    const { stdout } = await run(COMMANDS[1] ?? '');

    expect(COMMANDS).toHaveLength(2);
    expect(await users.findByName('ann')).toEqual(ann);
    expect((await users.findByName('bob'))?.role).toBe('operator');
    expect(await tasks.get(task.id)).toEqual(task);
    expect((await calls.list({ owner: task.owner, limit: 9 })).calls).toHaveLength(1);
    const contents = await Promise.all(keys.map(async (key) => Buffer.from((await blobs.get(key)) ?? []).toString()));
    expect(contents).toEqual([`The content of ${keys[0]}.`, `The content of ${keys[1]}.`, '']);
    expect(stdout).toMatch(/^2 payloads and 0 artifacts were missing\.$/m);
    expect(stdout).toMatch(/^0 rows were missing in \S+Calls/m);
  });
});

const aUser = (name: string) => ({ name, role: 'user', passwordHash: 'h', createdAt: 1 }) as const;

function fail(): never {
  throw new Error('The user was not added.');
}
