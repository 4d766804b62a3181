import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openKeyFile, rotateKeyFile } from '#platform/key-file.ts';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-keys-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe('the file of signing keys', () => {
  it('is made once by processes that start together, for nobody else to read', async () => {
    const folder = await aFolder();
    const path = join(folder, 'data', 'keys.json');

    const loads = await Promise.all(Array.from({ length: 8 }, () => openKeyFile(path)));

    const rings = await Promise.all(loads.map((load) => load()));
    expect(new Set(rings.map(({ keys }) => keys[0]?.kid)).size).toBe(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'data'))).toEqual(['keys.json']);
  });

  it('is read where nobody may write beside it', async () => {
    const folder = await aFolder();
    const path = join(folder, 'keys.json');
    const made = await (await openKeyFile(path))();
    await utimes(folder, 1, 1);

    const load = await openKeyFile(path);

    expect(await load()).toEqual(made);
    // Who writes beside it changes the folder.
    expect((await stat(folder)).mtimeMs).toBe(1000);
  });

  it('is refused when it is a folder, whose mode must not change', async () => {
    const folder = await aFolder();

    await expect(openKeyFile(folder)).rejects.toThrow(`${folder} is no file: signing keys are kept in one.`);
  });

  it('is refused when others may read it', async () => {
    const path = join(await aFolder(), 'keys.json');
    await openKeyFile(path);
    await chmod(path, 0o640);

    await expect(openKeyFile(path)).rejects.toThrow(`Others may read ${path}, which has signing keys`);
  });

  it.each(['', '{}', '{"keys":[]}', '{"keys":[{"kid":"secret-kid"}]}', 'secret'])(
    'is refused when it holds «%s», which the sentence does not tell',
    async (text) => {
      const path = join(await aFolder(), 'keys.json');
      await writeFile(path, text, { mode: 0o600 });

      await expect(openKeyFile(path)).rejects.toThrow(/^The file \S+ has no signing keys\. Delete it/);
    },
  );

  it('gets another key by a rotation and keeps the one before', async () => {
    const path = join(await aFolder(), 'keys.json');
    const load = await openKeyFile(path);
    const before = await load();

    await rotateKeyFile(path, 1000);

    const { keys } = await load();
    expect(keys.map(({ kid }) => kid)).toEqual([expect.any(String), before.keys[0]?.kid]);
    expect(keys[0]?.kid).not.toBe(before.keys[0]?.kid);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ keys });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});
