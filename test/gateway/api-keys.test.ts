import { describe, expect, it } from 'vitest';
import { ManualClock } from '#test/support/manual-clock.ts';
import { startGateway } from './access-harness.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

async function withKey(body: Record<string, unknown> = {}, role: 'user' | 'operator' = 'user') {
  const clock = new ManualClock();
  const gateway = await startGateway({ clock });
  const user = await gateway.add('ann', role);
  const token = await gateway.login('ann');
  const created = await gateway.ask('/users/me/keys', { token, body: { name: 'ci', ...body } });
  return { ...gateway, clock, user, token, created, key: created.json.key as string };
}

describe('an API key', () => {
  it('is shown once, stands for its user, and is stored as a hash', async () => {
    const { ask, token, created, key, user, platform } = await withKey();

    const me = await ask('/users/me', { token: key });
    const listed = await ask('/users/me/keys', { token });

    expect(created.status).toBe(201);
    expect(key).toMatch(/^mdy_[\w-]{40}_[\w-]{43}[0-9a-f]{8}$/);
    expect(me).toMatchObject({ status: 200, json: { id: user.id, role: 'user', key: created.json.id } });
    expect(listed.json.keys).toMatchObject([{ id: created.json.id, name: 'ci', last_used_at: expect.any(String) }]);
    expect(listed.text).not.toContain(key.slice(45));
    expect(JSON.stringify(await platform.users.get(user.id))).not.toContain(key.slice(45, 88));
  });

  it('is refused within a minute when it is deleted, and at once where it was not used', async () => {
    const { ask, token, created, key, clock } = await withKey();
    await ask('/users/me', { token: key });

    const deleted = await ask(`/users/me/keys/${created.json.id}`, { method: 'DELETE', token });
    const again = await ask(`/users/me/keys/${created.json.id}`, { method: 'DELETE', token });
    clock.advance(MINUTE);

    expect([deleted.status, again.status]).toEqual([204, 404]);
    expect((await ask('/users/me', { token: key })).status).toBe(401);
  });

  it('expires after 90 days, or when it was asked to', async () => {
    for (const days of [90, 1]) {
      const { ask, key, clock } = await withKey(days === 90 ? {} : { expires_in_days: days });

      clock.advance(days * DAY - MINUTE);
      expect((await ask('/users/me', { token: key })).status).toBe(200);
      clock.advance(MINUTE);
      expect((await ask('/users/me', { token: key })).status).toBe(401);
    }
  });

  it('may do what its scopes and models say', async () => {
    const { ask, key } = await withKey({ scopes: ['read'], models: ['model_a'] }, 'operator');
    const status = async (path: string, method = 'GET') => (await ask(path, { token: key, method })).status;

    expect(await status('/models/model_a/instances')).toBe(404);
    expect(await status('/models/model_b/instances')).toBe(403);
    expect(await status('/models/model_a/instances', 'POST')).toBe(403);
    expect(await status('/predict/model_a', 'POST')).toBe(403);
    expect(await status('/tasks')).toBe(403);
    expect(await status('/users/me/keys')).toBe(403);
    expect(await status('/users/me/keys', 'POST')).toBe(403);
  });

  it.each([
    (key: string) => `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`,
    (key: string) => key.replace('mdy_', 'mdr_'),
    (key: string) => key.slice(0, -8),
    (key: string) => `${key.slice(0, 45)}${'A'.repeat(43)}${key.slice(-8)}`,
    (key: string) => `mdy_${'A'.repeat(40)}${key.slice(44)}`,
    () => 'mdy_',
    () => `mdy_${'x'.repeat(5000)}`,
  ])('is refused when it is not exactly this one (%#)', async (change) => {
    const { ask, key } = await withKey();

    expect((await ask('/users/me', { token: change(key) })).status).toBe(401);
  });

  it.each([
    [{}, '/name'],
    [{ name: '' }, '/name'],
    [{ name: 'x'.repeat(101) }, '/name'],
    [{ name: 'x', expires_in_days: 0 }, '/expires_in_days'],
    [{ name: 'x', expires_in_days: 1.5 }, '/expires_in_days'],
    [{ name: 'x', scopes: ['root'] }, '/scopes'],
    [{ name: 'x', scopes: [] }, '/scopes'],
    [{ name: 'x', models: ['../x'] }, '/models'],
    [{ name: 'x', role: 'admin' }, '/role'],
  ])('is not created of %o', async (body, pointer) => {
    const { ask, token } = await withKey();

    expect(await ask('/users/me/keys', { token, body })).toMatchObject({
      status: 422,
      json: { errors: [{ pointer }] },
    });
  });

  it('is one of at most twenty', async () => {
    const { ask, token } = await withKey();
    const create = () => ask('/users/me/keys', { token, body: { name: 'more' } });

    for (let made = 1; made < 20; made++) expect((await create()).status).toBe(201);

    expect((await create()).status).toBe(400);
  });
});

describe('admins', () => {
  it('list users, and change and delete others while registration is open', async () => {
    const { ask, add, login } = await startGateway();
    const [root, ann] = [await add('root', 'admin'), await add('ann')];
    const [admin, user] = await Promise.all([login('root'), login('ann')]);
    const patch = (id: string, body: unknown, token = admin) => ask(`/users/${id}`, { method: 'PATCH', token, body });

    const listed = await ask('/users?limit=1', { token: admin });
    const rest = await ask(`/users?cursor=${listed.json.next_cursor}`, { token: admin });
    const refused = [await patch(root.id, { disabled: true }, user), await ask('/users', { token: user })];
    const changed = await patch(ann.id, { role: 'operator', disabled: true });

    expect([...listed.json.users, ...rest.json.users].map(({ username }) => username).toSorted()).toEqual([
      'ann',
      'root',
    ]);
    expect(changed).toMatchObject({ status: 200, json: { role: 'operator', disabled: true } });
    expect(refused.map(({ status }) => status)).toEqual([403, 403]);
    expect((await patch(ann.id, { role: 'root' })).status).toBe(422);
    expect((await patch(root.id, { role: 'user' })).status).toBe(403);
    expect((await patch('nobody', { role: 'user' })).status).toBe(404);
    expect((await ask(`/users/${ann.id}`, { method: 'DELETE', token: admin })).status).toBe(204);
    expect(listed.text).not.toMatch(/scrypt|credential/);
  });

  it('change nobody while registration is closed', async () => {
    const { ask, add, login } = await startGateway({ registration: 'closed' });
    await add('root', 'admin');
    const ann = await add('ann');
    const token = await login('root');

    for (const method of ['PATCH', 'DELETE']) {
      expect((await ask(`/users/${ann.id}`, { method, token, body: {} })).status).toBe(403);
    }
    expect((await ask('/users', { token })).status).toBe(200);
  });
});
