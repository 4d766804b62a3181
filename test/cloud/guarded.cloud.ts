import { beforeAll, describe, expect, it, vi } from 'vitest';
import { post, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem as DeployedSystem } from '#test/support/deployed-system.ts';
import { addUser, bearer, login, users } from './deployed-users.ts';

const STAGE = 'guarded';
const system = new DeployedSystem(process.env.MODELYARD_E2E_URL ?? '');

const ask = (path: string, token: string, init: RequestInit = {}) =>
  system.fetch(path, { ...init, headers: { ...bearer(token), 'Content-Type': 'application/json' } });

const predict = (headers: Readonly<Record<string, string>>) =>
  post(system, '/predict/model_a', { data: 'guarded' }, headers);

let ann: string;
let bert: string;
let admin: string;
beforeAll(async () => {
  const added = await Promise.all([addUser(STAGE, 'user'), addUser(STAGE, 'operator'), addUser(STAGE, 'admin')]);
  const tokens = await Promise.all(added.map((user, at) => login(system, user, at === 0 ? 'form' : 'json')));
  [ann, bert, admin] = tokens.map(({ access_token: token }) => token) as [string, string, string];
});

describe('an API that verifies its callers', () => {
  it.each<Record<string, string>>([
    {},
    { Authorization: 'Basic bWU6bWU=' },
    { Authorization: 'Bearer nobody' },
    { Authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJsb2NhbCJ9.' },
    { Authorization: `Bearer mdy_${'a'.repeat(40)}_${'b'.repeat(43)}00000000` },
  ])('answers 401 to whom it does not know: %o', async (headers) => {
    const response = await predict(headers);

    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(response.headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.json()).toMatchObject({ type: '/problems/unauthenticated' });
  });

  it.each([
    ['a user', () => ann, [200, 200, 200, 403, 403, 403]],
    ['an operator', () => bert, [200, 200, 200, 200, 200, 403]],
    ['an administrator', () => admin, [200, 200, 200, 200, 200, 200]],
  ])('lets %s in on the routes of the role, by the one answer that it keeps', async (_, token, statuses) => {
    const predicted = await predict(bearer(token()));
    const { id, state } = (await predicted.json()) as TaskBody;

    const answers = await Promise.all(
      [`/tasks/${id}`, '/tasks', '/models', '/models/model_a/instances', '/metrics', '/users'].map((path) =>
        ask(path, token()),
      ),
    );

    expect([predicted.status, state]).toEqual([200, 'succeeded']);
    expect(answers.map(({ status }) => status)).toEqual(statuses);
  });

  it('makes tasks the property of their callers', async () => {
    const { id } = (await (await predict(bearer(ann))).json()) as TaskBody;

    const answers = await Promise.all([ann, bert, admin].map((token) => ask(`/tasks/${id}`, token)));
    const list = (await (await ask('/tasks?limit=100', bert)).json()) as { readonly tasks: readonly TaskBody[] };

    expect(answers.map(({ status }) => status)).toEqual([200, 404, 404]);
    expect(list.tasks.map((task) => task.id)).not.toContain(id);
  });

  it.each(['/docs', '/openapi.json', '/healthz', '/readyz'])('asks nobody about %s', async (path) => {
    const response = await system.fetch(path);

    expect(response.status).toBe(200);
    expect(response.headers.get('strict-transport-security')).toBe('max-age=31536000');
  });

  it('lets users register, and only administrators change them, while registration is open', async () => {
    const username = `stranger-${crypto.randomUUID()}`;
    const registered = await post(system, '/register', { username, password: 'a long sentence' });
    const { id } = (await registered.json()) as { readonly id: string };
    const change = (token: string) => ask(`/users/${id}`, token, { method: 'PATCH', body: '{"role":"operator"}' });
    const [byUser, byAdmin] = [await change(ann), await change(admin)];

    expect([registered.status, byUser.status, byAdmin.status]).toEqual([201, 403, 200]);
    expect(await byAdmin.json()).toMatchObject({ username, role: 'operator' });
  });
});

describe('an API key', () => {
  it('is created, limited to its scopes, and refused once it is deleted', async () => {
    const create = async (body: object) =>
      (await (await ask('/users/me/keys', ann, { method: 'POST', body: JSON.stringify(body) })).json()) as {
        readonly id: string;
        readonly key: string;
      };
    const predicting = await create({ name: 'predicts', scopes: ['predict'], models: ['model_a'] });
    const deleted = await create({ name: 'deleted' });
    await ask(`/users/me/keys/${deleted.id}`, ann, { method: 'DELETE' });

    const answers = await Promise.all([
      predict(bearer(predicting.key)),
      ask('/users/me/keys', predicting.key),
      post(system, '/predict/model_b', { value: 1 }, bearer(predicting.key)),
      ask('/models', deleted.key),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([200, 403, 403, 401]);
  });
});

describe('npm run users for the stage', () => {
  it('disables a user, who can neither log in nor refresh', async () => {
    const user = await addUser(STAGE, 'user');
    const { refresh_token } = await login(system, user);

    await users(STAGE, 'disable', user.name);

    const { name: username, password } = user;
    const answers = [
      await post(system, '/login', { username, password }),
      await post(system, '/login/refresh', { refresh_token }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
  });

  it('rotates the keys that sign tokens, and those signed before stay valid', async () => {
    const { access_token, refresh_token } = await login(system, await addUser(STAGE, 'user'));

    expect(await users(STAGE, 'rotate-keys')).toMatch(/^Rotated the keys in \S*modelyard-guarded-Identity\S+\.$/);

    const refreshed = await post(system, '/login/refresh', { refresh_token });
    expect((await ask('/users/me', access_token)).status).toBe(200);
    expect(refreshed.status).toBe(200);
  });

  it('exports a user with tasks and results, and deletes all of it', async () => {
    const user = await addUser(STAGE, 'user');
    const { access_token } = await login(system, user);
    const { id } = (await (await predict(bearer(access_token))).json()) as TaskBody;

    const lines = (await users(STAGE, 'export', user.name)).split('\n').map((line) => JSON.parse(line));
    const deleted = await users(STAGE, 'delete', user.name);

    expect(lines[0].user).toMatchObject({ username: user.name, role: 'user' });
    expect(lines).toContainEqual({
      task: expect.objectContaining({ id, result: expect.objectContaining({ message: 'Processed message: guarded' }) }),
    });
    expect(deleted).toMatch(`Deleted ${user.name}.`);
    await expect(users(STAGE, 'export', user.name)).rejects.toThrow(`There is no user ${user.name}.`);
    expect((await post(system, '/login', { username: user.name, password: user.password })).status).toBe(401);
    // Until the authorizer's answer expires, the token still names the user: the task is gone for it too.
    expect([401, 404]).toContain((await ask(`/tasks/${id}`, access_token)).status);
  });

  it('says that there is no such stage', async () => {
    await expect(users('nowhere', 'list')).rejects.toThrow('This account has no stack modelyard-nowhere');
  });
});

it('records every call, for its user and for administrators', async () => {
  const { id } = (await (await predict(bearer(ann))).json()) as TaskBody;
  const listed = async (path: string, token: string) =>
    ((await (await ask(path, token)).json()) as { readonly calls: readonly { readonly task_id?: string }[] }).calls;

  await vi.waitFor(
    async () => {
      const [mine, all, others] = await Promise.all([
        listed('/users/me/calls?limit=100', ann),
        listed('/calls?limit=100&model=model_a', admin),
        listed('/users/me/calls?limit=100', bert),
      ]);
      expect(mine.map(({ task_id }) => task_id)).toContain(id);
      expect(all.map(({ task_id }) => task_id)).toContain(id);
      expect(others.map(({ task_id }) => task_id)).not.toContain(id);
    },
    { timeout: 30_000, interval: 500 },
  );
});
