import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ended, post, submit, type TaskBody } from '#test/support/api-client.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const NOBODY = 65_534;

const folders = useDataFolders();

/** What `npm start` on a folder that it cannot use says on standard error, and how it ends. */
async function refusal(folder: string, options: { readonly uid?: number } = {}) {
  const child = spawn(process.execPath, ['bin/local.ts', '--port', '0', '--data', folder], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...options,
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const [code] = await once(child, 'close');
  return { code, complaint };
}

/** A folder with the result of one task; resolves with the task. */
async function fill(folder: string): Promise<TaskBody> {
  await using system = await EmbeddedSystem.start({ dataFolder: folder });
  const { id } = await submit(system, 'model_b', { value: 7, delay_seconds: 0 });
  return await ended(system, id);
}

describe('npm start on a data folder', () => {
  it('that another one runs on is refused with one sentence, and the other one goes on', async () => {
    const folder = await folders.newFolder();
    await using system = await EmbeddedSystem.start({ dataFolder: folder });

    const { code, complaint } = await refusal(folder);
    const { id } = await submit(system, 'model_b', { value: 1, delay_seconds: 0 });

    expect(code).toBe(1);
    expect(complaint).toBe(
      `Another Modelyard is running on the data folder ${folder}; stop it, or choose another folder with --data.\n`,
    );
    expect(await ended(system, id)).toMatchObject({ state: 'succeeded' });
  });

  it('with a database of a newer version or with damage is refused with one sentence, and nothing is lost', async () => {
    const folder = await folders.newFolder();
    const file = join(folder, 'modelyard.db');
    const task = await fill(folder);
    const database = new DatabaseSync(file);
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    database.exec('PRAGMA user_version = 99');
    database.close();
    const newer = await refusal(folder);
    const bytes = await readFile(file);
    await writeFile(file, Buffer.from(bytes).fill('damaged', 0, 100));
    const damaged = await refusal(folder);
    await writeFile(file, bytes);
    const repaired = new DatabaseSync(file);
    repaired.exec(`PRAGMA user_version = ${version}`);
    repaired.close();

    await using system = await EmbeddedSystem.start({ dataFolder: folder });
    const again = (await (await system.fetch(`/tasks/${task.id}`)).json()) as TaskBody;

    expect(newer.complaint).toMatch(
      /^The database \S+ has version 99, and this version of Modelyard reads up to \d+:[^\n]+\.\n$/,
    );
    expect(damaged.complaint).toMatch(/^The database \S+ is damaged; nothing in it was changed\. [^\n]+\.\n$/);
    expect([newer.code, damaged.code]).toEqual([1, 1]);
    expect(again).toEqual(task);
  });

  it('that it may not write to is refused with one sentence', async () => {
    const parent = await folders.newFolder();
    const folder = join(parent, 'data');
    await mkdir(folder, { mode: 0o500 });
    // The superuser may write anywhere.
    const isSuperuser = process.getuid?.() === 0;
    if (isSuperuser) await Promise.all([chown(parent, NOBODY, NOBODY), chown(folder, NOBODY, NOBODY)]);

    const { code, complaint } = await refusal(folder, isSuperuser ? { uid: NOBODY } : {});

    expect(complaint).toMatch(/^The data folder \S+ cannot be (used|written to)[^\n]*\.\n$/);
    expect(code).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('whose disk gets full refuses submits with 503, keeps what it has accepted, and runs it once there is room', async () => {
    const folder = await folders.newFolder();
    const accepted: string[] = [];
    {
      // No file may grow beyond 8 MiB, which is as good as a full disk.
      await using system = await EmbeddedSystem.start({ dataFolder: folder, maxFileKib: 8192 });
      const data = 'x'.repeat(60_000);
      let refused: Response | undefined;
      while (!refused) {
        const response = await post(system, '/models/model_a/tasks', { data });
        if (response.status === 202) accepted.push(((await response.json()) as TaskBody).id);
        else refused = response;
      }
      const problem = (await refused.json()) as { readonly detail: string };

      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1);
      expect(problem.detail).toMatch(/disk/);
      expect((await system.fetch(`/tasks/${accepted[0]}`)).status).toBe(200);
    }

    await using system = await EmbeddedSystem.start({ dataFolder: folder });
    const ends = await Promise.all(accepted.map((id) => ended(system, id)));

    expect(accepted.length).toBeGreaterThan(10);
    expect(ends.filter(({ state }) => state !== 'succeeded')).toEqual([]);
  });
});
