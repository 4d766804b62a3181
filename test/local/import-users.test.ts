import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { runUsersCommand } from '#local/users-command.ts';
import { openSqlitePlatform } from '#platform/sqlite.ts';

const COMMAND = fileURLToPath(new URL('../../bin/users.ts', import.meta.url));

async function aFile(rows: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-import-'));
  const platform = await openSqlitePlatform({ folder });
  onTestFinished(async () => {
    await platform.close();
    await rm(folder, { recursive: true });
  });
  const file = join(folder, 'users.csv');
  await writeFile(file, ['username,role', ...rows, ''].join('\n'));

  async function importFile() {
    const [output, errors] = [new PassThrough(), new PassThrough()];
    const streams = { environment: {}, output, errors, process: new EventEmitter() };
    const code = await runUsersCommand(['import', file, '--data', folder], streams);
    output.end();
    errors.end();
    return { code, out: await text(output), err: await text(errors) };
  }
  return { folder, file, platform, importFile };
}

const namesIn = (out: string): string[] => [...out.matchAll(/^(\w+),[0-9a-f-]{31}$/gm)].map(([, name = '']) => name);

it.each(['SIGINT', 'SIGKILL'] as const)(
  'an import that is stopped by %s goes on when it is repeated',
  { timeout: 60_000 },
  async (signal) => {
    const names = Array.from({ length: 12 }, (_, at) => `user${at}`);
    const { folder, file, platform, importFile } = await aFile(names);
    const child = spawn(process.execPath, [COMMAND, 'import', file, '--data', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const printed: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      printed.push(line);
      if (printed.length === 2) child.kill(signal);
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const { users: added } = await platform.users.list({ limit: 100 });

    const { code, out, err } = await importFile();

    const first = namesIn(printed.join('\n'));
    expect(added.length).toBeGreaterThan(0);
    expect(added.length).toBeLessThan(names.length);
    // A killed process cannot print what it has added last.
    if (signal === 'SIGINT')
      expect([child.exitCode, first]).toEqual([1, added.map(({ name }) => name).toSorted(byNumber)]);
    expect([code, namesIn(out)]).toEqual([0, names.filter((name) => !added.some((user) => user.name === name))]);
    // Of two rows at once, a killed process may have added the second.
    expect(err).toMatch(new RegExp(`^${added.length} were there already and stay as they are: lines [\\d, -]+\\.\\n$`));
    expect((await platform.users.list({ limit: 100 })).users).toHaveLength(names.length);
  },
);

const byNumber = (a: string, b: string): number => Number(a.slice(4)) - Number(b.slice(4));

it('an import shows how far it is, and refuses to change the role of a user who is there', async () => {
  const names = Array.from({ length: 210 }, (_, at) => `user${at}`);
  const { platform, importFile } = await aFile(names.map((name) => (name === 'user5' ? `${name},admin` : name)));
  for (const name of names) await platform.users.create({ name, role: 'user', passwordHash: '', createdAt: 1 });

  const { code, out, err } = await importFile();

  expect([code, out]).toEqual([1, 'username,password\n']);
  expect(err.split('\n')).toEqual([
    expect.stringMatching(/^100 of 210 rows, about \d+ minutes left$/),
    expect.stringMatching(/^200 of 210 rows, about \d+ minutes left$/),
    '209 were there already and stay as they are: lines 2-6, 8-211.',
    'Added 0 users.',
    'Line 7: This user name is taken.',
    '',
  ]);
});
