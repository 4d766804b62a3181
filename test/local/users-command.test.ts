import { EventEmitter } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { identifyKey, PREDICTION_LOG_OWNER, verifyPassword } from '#core';
import { OUTBOX_MIGRATIONS } from '#lifecycle/outbox.ts';
import { manifest } from '#lifecycle/pipelines/manifest.ts';
import type { PipelineTables } from '#lifecycle/pipelines/tables.ts';
import { runUsersCommand } from '#local/users-command.ts';
import { openKeyFile } from '#platform/key-file.ts';
import { openSqlitePlatform } from '#platform/sqlite.ts';
import { ModelBResponse } from '#proto/models/model_b.ts';
import { aCall } from '#test/support/calls.ts';
import { CONTRACT, registerModelB } from '#test/support/model-b.ts';
import { aFreshTask } from '#test/support/tasks.ts';

/** The command on a data folder, which a running system may use at the same time. */
async function aSystem() {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-users-'));
  const platform = await openSqlitePlatform({ folder });
  onTestFinished(async () => {
    await platform.close();
    await rm(folder, { recursive: true });
  });

  async function users(...args: string[]) {
    const [output, errors] = [new PassThrough(), new PassThrough()];
    const code = await runUsersCommand([...args, '--data', folder], {
      ...{ environment: {}, output, errors, process: new EventEmitter() },
    });
    output.end();
    errors.end();
    return { code, out: await text(output), err: await text(errors) };
  }
  return { folder, platform, users };
}

describe('npm run users', () => {
  it('deletes a user in the lifecycle too, by stages that its worker runs', async () => {
    const { platform, users } = await aSystem();
    await users('add', 'ann');
    await (await platform.lifecycle?.())?.database('pipelines', OUTBOX_MIGRATIONS);

    const { code } = await users('delete', 'ann');

    const { tasks } = await platform.tasks.list({ owner: PREDICTION_LOG_OWNER, limit: 10 });
    expect([code, tasks.map(({ model }) => model)]).toEqual([0, ['lifecycle']]);
  });

  it('exports what the lifecycle has of a user, also while no worker runs', async () => {
    const { platform, users } = await aSystem();
    await users('add', 'ann');
    const owner = (await platform.users.findByName('ann'))?.id ?? '';
    const pipelines = await (await platform.lifecycle?.())?.database<PipelineTables>('pipelines', {
      ...OUTBOX_MIGRATIONS,
      ...manifest.migrations,
    });
    await pipelines?.query
      .insertInto('pipelines')
      .values({ name: 'weekly', definition: '{}', owner, updated_at: 1 })
      .execute();

    const { code, out } = await users('export', 'ann');

    const [, line = ''] = out.trim().split('\n');
    expect(code).toBe(0);
    expect(JSON.parse(line)).toEqual({
      lifecycle: {
        ...{ service: 'pipelines', table: 'pipelines' },
        row: { name: 'weekly', definition: '{}', owner, updated_at: 1 },
      },
    });
    expect((await platform.tasks.list({ owner, limit: 10 })).tasks).toEqual([]);
  });

  it('adds the first administrator with a password that it prints once', async () => {
    const { platform, users } = await aSystem();

    const { code, out } = await users('add', 'root', '--role', 'admin');

    const [name, password = ''] = out.trim().split(',');
    const user = await platform.users.findByName('root');
    expect([code, name, user?.role]).toEqual([0, 'root', 'admin']);
    expect(password).toMatch(/^(?:[0-9a-f]{7}-?){4}$/);
    expect(await verifyPassword(password, user?.passwordHash ?? '')).toBe(true);
    expect(await users('add', 'ROOT')).toMatchObject({ code: 1, err: 'This user name is taken.\n' });
  });

  it('imports a file, and prints passwords for those who have none', async () => {
    const { folder, platform, users } = await aSystem();
    const file = join(folder, 'users.csv');
    await writeFile(file, '\uFEFFUsername, role,password\r\nann,operator,a long sentence\r\nbob\r\n\r\ncarl,,\r\n');

    const { code, out } = await users('import', file);

    expect(code).toBe(0);
    expect(out).toMatch(/^username,password\nann,\nbob,[\w-]+\ncarl,[\w-]+\n$/);
    expect((await platform.users.findByName('ann'))?.role).toBe('operator');
    expect((await platform.users.findByName('bob'))?.role).toBe('user');
  });

  it('imports what can be imported, and names the lines that cannot, without their passwords', async () => {
    const { folder, users } = await aSystem();
    const file = join(folder, 'users.csv');
    await writeFile(
      file,
      'username,password\nann,a long sentence\nx,another sentence\nbob,short1\nann,a third sentence\n',
    );

    const { code, out, err } = await users('import', file);

    expect(code).toBe(1);
    expect(out).toBe('username,password\nann,\n');
    expect(err).toMatch(/^Added 1 users\.\nLine 3: .* username: .*\nLine 4: .* password: .*\nLine 5: .*taken\.\n$/);
    expect(err).not.toMatch(/another|short1|third/);
    expect((await users('list')).out).toMatch(/^username,role,state,created_at\nann,user,active,\S+Z\n$/);
  });

  it('reads quoted cells, and skips lines without a value', async () => {
    const { folder, platform, users } = await aSystem();
    const file = join(folder, 'users.csv');
    const lines = [
      '"username","password","role"',
      'ann,"commas, and ""quotes""",operator',
      '',
      ',,',
      '  bob  ,"two\nlines of it",',
      'Ann,another sentence,user',
      'carl,a long sentence,root',
      'dora,a long sentence,user,more',
    ];
    await writeFile(file, lines.join('\r\n'));

    const { code, out, err } = await users('import', file);

    expect([code, out]).toEqual([1, 'username,password\nann,\nbob,\n']);
    expect(err).toMatch(
      /^Added 2 users\.\nLine 7: .*taken\.\nLine 8: role: Must be one of .*\.\nLine 9: There are more cells.*\n$/,
    );
    const [ann, bob] = await Promise.all(['ann', 'bob'].map((name) => platform.users.findByName(name)));
    expect(ann?.role).toBe('operator');
    expect(await verifyPassword('commas, and "quotes"', ann?.passwordHash ?? '')).toBe(true);
    expect(await verifyPassword('two\nlines of it', bob?.passwordHash ?? '')).toBe(true);
  });

  it.each([
    ['in another encoding', Buffer.from('username,password\nann,ein längerer Satz\n', 'latin1'), /is not in UTF-8\./],
    ['of a spreadsheet as UTF-16', Buffer.from('\uFEFFusername,role\nann,admin\n', 'utf16le'), /is not in UTF-8\./],
    ['with a misspelled column', Buffer.from('username,roles\nann,admin\n'), /has the column roles\. /],
    ['with a column twice', Buffer.from('username,role,role\nann,user,admin\n'), /has the column role\. .*, each once/],
  ])('adds nobody from a file %s', async (_, bytes, message) => {
    const { folder, users } = await aSystem();
    const file = join(folder, 'users.csv');
    await writeFile(file, bytes);

    expect(await users('import', file)).toMatchObject({ code: 1, out: '', err: expect.stringMatching(message) });
    expect((await users('list')).out).toBe('username,role,state,created_at\n');
  });

  it('adds nobody from a file with a quote that does not end, or without names', async () => {
    const { folder, users } = await aSystem();
    const file = join(folder, 'users.csv');
    await writeFile(file, 'username,password\nann,"a long sentence\nbob,another sentence\n');
    const unclosed = await users('import', file);
    await writeFile(file, '');
    const empty = await users('import', file);

    expect([unclosed.code, unclosed.err]).toEqual([1, expect.stringMatching(/is no CSV: line 3\. Quotes/)]);
    expect(empty).toMatchObject({ code: 1, err: expect.stringContaining('must name the column username') });
    expect((await users('list')).out).toBe('username,role,state,created_at\n');
  });

  it.each([
    ['ann,user,pass"word of hers', /^\S+ is no CSV: line 2\. Quotes must enclose a whole cell; .*\.\n$/],
    ['ann,"user"password of hers,', /^\S+ is no CSV: line 2\. /],
    ['ann,password of hers,user', /^Added 0 users\.\nLine 2: role: Must be one of user, operator, admin\.\n$/],
  ])('shows nothing of a row that it cannot read: %s', async (row, message) => {
    const { folder, users } = await aSystem();
    const file = join(folder, 'users.csv');
    await writeFile(file, `username,role,password\n${row}\n`);

    const { code, out, err } = await users('import', file);

    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(`${out}${err}`).not.toContain('hers');
  });

  it('lists names of other issuers as cells of CSV', async () => {
    const { platform, users } = await aSystem();
    const name = 'cn="ann",dc=example at https://login.example.com';
    await platform.users.create({ name, role: 'user', passwordHash: '', createdAt: 0 });

    const { out } = await users('list');

    expect(out).toContain('\n"cn=""ann"",dc=example at https://login.example.com",user,active,1970-');
  });

  it('disables, enables, promotes and deletes', async () => {
    const { platform, users } = await aSystem();
    await users('add', 'ann');

    const answers = [
      await users('disable', 'ann'),
      await users('role', 'ann', 'operator'),
      await users('enable', 'ann'),
      await users('delete', 'ann'),
      await users('delete', 'ann'),
    ];

    expect(answers.map(({ code, out, err }) => `${code} ${out}${err}`)).toEqual([
      '0 ann is disabled and has the role user.\n',
      '0 ann is disabled and has the role operator.\n',
      '0 ann is active and has the role operator.\n',
      expect.stringMatching(/^0 Deleted ann\. A minute later, delete [\w-]{32} too: .*\n$/),
      '1 There is no user ann.\n',
    ]);
    expect(await platform.users.findByName('ann')).toBeUndefined();
  });

  it('exports everything of a user as lines of JSON without secrets, and before it deletes', async () => {
    const { folder, platform, users } = await aSystem();
    await users('add', 'ann');
    const key = (await users('key', 'ann')).out.trim();
    const ann = await platform.users.findByName('ann');
    await platform.calls.append([aCall({ owner: ann?.id ?? '', route: '/tasks' })]);
    await registerModelB(platform);
    const task = aFreshTask({ owner: ann?.id ?? '', model: 'model_b', contractHash: CONTRACT.hash });
    await platform.tasks.create(task);
    const bytes = ModelBResponse.encode({ value: 7, elapsed_seconds: 0.5 });
    const result = { contractHash: CONTRACT.hash, payload: { kind: 'inline', bytes } } as const;
    const at = task.createdAt;
    await platform.tasks.apply(task.id, { type: 'succeeded', fence: 1, attempts: 1, startedAt: at, at, result });

    const { code, out } = await users('export', 'ann');
    const file = join(folder, 'ann.jsonl');
    const deleted = await users('delete', 'ann', '--export', file);

    expect([code, deleted.code]).toEqual([0, 0]);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => Object.keys(line)[0])).toEqual(['user', 'key', 'task', 'call']);
    expect(lines[0].user).toMatchObject({ id: ann?.id, username: 'ann' });
    expect(lines[2].task).toMatchObject({ id: task.id, result: { value: 7, elapsed_seconds: 0.5 } });
    expect(out).not.toContain(key);
    expect(out).not.toContain('scrypt');
    expect(await readFile(file, 'utf8')).toBe(out);
    expect((await platform.tasks.list({ owner: ann?.id ?? '', limit: 9 })).tasks).toEqual([]);
    expect((await platform.calls.list({ owner: ann?.id ?? '', limit: 9 })).calls).toEqual([]);
    expect((await users('delete', ann?.id ?? '')).code).toBe(0);
  });

  it('exports large results themselves, because links to them end with the user', async () => {
    const { platform, users } = await aSystem();
    await users('add', 'ann');
    const owner = (await platform.users.findByName('ann'))?.id ?? '';
    const keys = ['results/json/1.large', 'results/binary/1.binary'];
    await platform.blobs.put(`${keys[0]}.json`, Buffer.from('{"value":7}'));
    for (const key of keys) {
      const task = aFreshTask({ owner });
      await platform.tasks.create(task);
      const result = { contractHash: CONTRACT.hash, payload: { kind: 'blob', key, size: 9_000_000 } } as const;
      const at = task.createdAt;
      await platform.tasks.apply(task.id, { type: 'succeeded', fence: 1, attempts: 1, startedAt: at, at, result });
    }

    const { out } = await users('export', 'ann');

    const tasks = out.split('\n').flatMap((line) => (line.startsWith('{"task"') ? [JSON.parse(line).task] : []));
    expect(tasks.map(({ result }) => result)).toEqual(expect.arrayContaining([{ value: 7 }, null]));
    expect(tasks.map(({ links }) => Object.keys(links))).toEqual([['self'], ['self']]);
  });

  it('sets limits of a user, and takes them back', async () => {
    const { platform, users } = await aSystem();
    await users('add', 'ann');

    const set = await users('limits', 'ann', 'burst=50,tasks_per_day=7');
    const limits = (await platform.users.findByName('ann'))?.limits;
    await users('limits', 'ann', 'burst=default,tasks_per_day=default');

    expect([set.code, limits]).toEqual([0, { burst: 50, tasksPerDay: 7 }]);
    expect((await platform.users.findByName('ann'))?.limits).toBeUndefined();
    expect(await users('limits', 'ann', 'burst=0')).toMatchObject({
      code: 1,
      err: "The value of burst must be a whole number from 1 to 100000, or default for the role's default.\n",
    });
    expect((await users('limits', 'ann', 'speed=1')).err).toMatch(/^A limit must be one of requests_per_second/);
  });

  it('makes keys with scopes, for example for Prometheus', async () => {
    const { platform, users } = await aSystem();
    await users('add', 'prometheus', '--role', 'operator');

    const { out } = await users('key', 'prometheus', '--scopes', 'read');

    expect(await identifyKey(platform.users, platform.clock, out.trim())).toMatchObject({
      principal: { name: 'prometheus', role: 'operator', scopes: ['read'] },
    });
  });

  it('gives a new password and ends the sessions, not the keys', async () => {
    const { platform, users } = await aSystem();
    const [, before = ''] = (await users('add', 'ann')).out.trim().split(',');
    await users('key', 'ann');

    const [, after = ''] = (await users('password', 'ann')).out.trim().split(',');

    const user = await platform.users.findByName('ann');
    expect(await verifyPassword(before, user?.passwordHash ?? '')).toBe(false);
    expect(await verifyPassword(after, user?.passwordHash ?? '')).toBe(true);
    expect(user?.credentials).toHaveLength(1);
  });

  it.each([[[]], [['steal']], [['add']], [['add', 'a', 'b']], [['toString']], [['list', '--all']]])(
    'explains itself for %j',
    async (args) => {
      const { users } = await aSystem();

      const { code, err } = await users(...args);

      expect(code).toBe(2);
      expect(err).toContain('Usage: npm run users -- <command>');
    },
  );

  it('rotates the keys that sign tokens', async () => {
    const { folder, users } = await aSystem();
    const load = await openKeyFile(join(folder, 'signing-keys.json'));
    const [before] = (await load()).keys;

    expect((await users('rotate-keys')).code).toBe(0);

    expect((await load()).keys.map(({ kid }) => kid)).toEqual([expect.any(String), before?.kid]);
    expect((await load()).keys[0]?.kid).not.toBe(before?.kid);
  });

  it('refuses a role and a scope that there are not', async () => {
    const { users } = await aSystem();
    await users('add', 'ann');

    expect((await users('role', 'ann', 'root')).err).toBe('The role must be one of user, operator, admin, not root.\n');
    expect((await users('key', 'ann', '--scopes', 'all')).err).toMatch(/^A scope must be one of predict/);
  });
});
