import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '#test/support/manual-clock.ts';
import { registerModelB } from '#test/support/model-b.ts';
import { PASSWORD, startGateway } from './access-harness.ts';

const CREDENTIALS = { username: 'ann', password: PASSWORD };

describe('a public client', () => {
  it('registers, logs in by a form, and reaches what is its own with the token', async () => {
    const { ask } = await startGateway();

    const registered = await ask('/register', { body: CREDENTIALS });
    const form = new URLSearchParams({ grant_type: 'password', ...CREDENTIALS }).toString();
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const login = await ask('/login', { body: form, headers });
    const me = await ask('/users/me', { token: login.json.access_token });

    expect(registered).toMatchObject({ status: 201, json: { username: 'ann', role: 'user', disabled: false } });
    expect(login).toMatchObject({ status: 200, json: { token_type: 'bearer', expires_in: 900 } });
    expect(login.headers.get('cache-control')).toBe('no-store');
    expect(me).toMatchObject({ status: 200, json: { id: registered.json.id, username: 'ann', role: 'user' } });
    expect(registered.text + me.text).not.toMatch(/scrypt|password|hash/i);
  });

  it.each(['/tasks/x', '/tasks', '/users/me', '/calls', '/nowhere'])(
    'without a valid token gets an answer from %s that no cache stores',
    async (path) => {
      const { ask } = await startGateway();

      for (const token of [undefined, 'x.y.z']) {
        const { status, headers } = await ask(path, { token });
        expect(status).toBe(path === '/nowhere' ? 404 : 401);
        expect(headers.get('cache-control')).toBe('no-store');
        expect(headers.get('x-content-type-options')).toBe('nosniff');
      }
    },
  );

  it('takes forms at no other route', async () => {
    const { ask, add, login } = await startGateway();
    await add('ann');
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };

    const answers = [
      await ask('/register', { body: 'username=a', headers }),
      await ask('/users/me/keys', { body: 'name=a', headers, token: await login('ann') }),
      await ask('/login', { body: 'username=a', headers: { 'Content-Type': 'text/plain' } }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([415, 415, 415]);
  });

  it.each([
    [{ username: 'ann', password: 'short' }, 422, '/password'],
    [{ username: 'ann', password: 'password123' }, 422, '/password'],
    [{ username: 'x', password: PASSWORD }, 422, '/username'],
    [{ username: 'a\u200bnn', password: PASSWORD }, 422, '/username'],
    [{ username: 'ann' }, 422, '/password'],
    [{ ...CREDENTIALS, role: 'admin' }, 422, '/role'],
    [{ username: { $ne: '' }, password: PASSWORD }, 422, '/username'],
    [[], 422, ''],
  ])('is told what is wrong with %o', async (body, status, pointer) => {
    const { ask } = await startGateway();

    const answer = await ask('/register', { body });

    expect(answer).toMatchObject({ status, json: { errors: [{ pointer }] } });
  });

  it('cannot take a name that somebody has, in any spelling, nor register where that is closed', async () => {
    const { ask, add } = await startGateway();
    await add('ann');
    const closed = await startGateway({ registration: 'closed' });

    const taken = await ask('/register', { body: { ...CREDENTIALS, username: 'ＡＮＮ' } });
    const refused = await closed.ask('/register', { body: CREDENTIALS });

    expect([taken.status, taken.json.type]).toEqual([409, '/problems/name-taken']);
    expect([refused.status, refused.json.type]).toEqual([403, '/problems/forbidden']);
  });

  it('needs a token for everything else, and is told so', async () => {
    const { ask } = await startGateway();

    const { status, headers, json } = await ask('/tasks');

    expect([status, json.type]).toEqual([401, '/problems/unauthenticated']);
    expect(headers.get('www-authenticate')).toBe('Bearer realm="modelyard"');
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('sends one token: of two headers, a proxy may have checked the other one', async () => {
    const { url, add, login } = await startGateway();
    await add('ann');
    const token = await login('ann');
    const statusOf = async (...tokens: string[]) => {
      const headers = [
        'Host',
        'localhost',
        'Connection',
        'close',
        ...tokens.flatMap((each) => ['Authorization', each]),
      ];
      const sent = request(`${url}/users/me`, { headers }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };

    const statuses = [
      await statusOf(`Bearer ${token}`),
      await statusOf(`Bearer ${token}`, 'Bearer nobody'),
      await statusOf('Bearer nobody', `Bearer ${token}`),
      await statusOf(`Bearer ${token}`, `Bearer ${token}`),
    ];

    expect(statuses).toEqual([200, 401, 401, 401]);
  });

  it('submits a task that nobody else sees', async () => {
    const { ask, add, login, platform } = await startGateway();
    await registerModelB(platform);
    const ann = await add('ann');
    await Promise.all([add('bob'), add('root', 'admin')]);
    const [own, other, admin] = await Promise.all(['ann', 'bob', 'root'].map((name) => login(name)));

    const submitted = await ask('/models/model_b/tasks', { token: own, body: { value: 7 } });
    const { id } = submitted.json;
    const paths = [`/tasks/${id}`, `/models/model_b/tasks/${id}`, `/models/model_b/result?task_id=${id}`];
    const statuses = async (token: string | undefined) =>
      Promise.all(paths.map(async (path) => (await ask(path, { token })).status));

    expect(submitted.status).toBe(202);
    expect((await platform.tasks.get(id))?.owner).toBe(ann.id);
    expect(await statuses(own)).toEqual([200, 200, 202]);
    expect(await statuses(other)).toEqual([404, 404, 404]);
    expect(await statuses(admin)).toEqual([404, 404, 404]);
    expect((await ask('/tasks', { token: other })).json.tasks).toEqual([]);
    expect((await ask('/tasks', { token: own })).json.tasks).toHaveLength(1);
  });
});

describe('a login', () => {
  it('says the same of an unknown name, a wrong password and a disabled user', async () => {
    const { ask, add, platform } = await startGateway();
    const user = await add('ann');
    const wrong = await ask('/login', { body: { ...CREDENTIALS, password: 'another sentence' } });
    await platform.users.update({ ...user, isDisabled: true, version: 2 });

    const answers = [
      wrong,
      await ask('/login', { body: CREDENTIALS }),
      await ask('/login', { body: { ...CREDENTIALS, username: 'nobody' } }),
    ];

    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(wrong.status).toBe(401);
  });

  it('has to wait after ten failures, known or not, and no longer after the wait', async () => {
    const clock = new ManualClock();
    const { ask, add } = await startGateway({ clock });
    await add('ann');
    const fail = (username: string) => ask('/login', { body: { username, password: 'another sentence' } });

    for (const username of ['ann', 'nobody']) {
      const answers = await Promise.all(Array.from({ length: 12 }, () => fail(username)));
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
      expect(answers.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('1');
    }
    expect((await ask('/login', { body: CREDENTIALS })).status).toBe(429);
    clock.advance(1000);
    expect((await ask('/login', { body: CREDENTIALS })).status).toBe(200);
    expect((await fail('ann')).status).toBe(401);
  });

  it('counts addresses as trusted proxies tell them, and no others', async () => {
    const { ask } = await startGateway();
    const fail = async (index: number, forwarded: string) =>
      (
        await ask('/login', {
          body: { username: `nobody.${index}`, password: 'another sentence' },
          headers: { 'X-Forwarded-For': forwarded },
        })
      ).status;
    const attempts = Array.from({ length: 50 }, (_, index) => index);

    // What the caller claims before the address that the proxy adds is not believed.
    await Promise.all(attempts.map((index) => fail(index, `10.0.0.${index}, 203.0.113.9`)));

    expect(await fail(50, '198.51.100.1, 203.0.113.9')).toBe(429);
    expect(await fail(51, '203.0.113.9, 198.51.100.1')).toBe(401);
    for (const withPort of ['203.0.113.9:4711', '203.0.113.9:1']) expect(await fail(52, withPort)).toBe(429);
    // Nor what comes before an address that cannot be read.
    expect(await fail(53, '203.0.113.9, unknown')).toBe(401);
  });

  it('replaces a hash of another cost', async () => {
    const { add, login, platform } = await startGateway();
    const user = await add('ann');
    const old = '$scrypt$ln=3,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$';
    const { scryptSync } = await import('node:crypto');
    const digest = scryptSync(PASSWORD, Buffer.from('saltsaltsaltsalt'), 32, { N: 8, r: 8, p: 1 });
    const passwordHash = old + digest.toString('base64').replace(/=+$/, '');
    await platform.users.update({ ...user, passwordHash, version: 2 });

    await login('ann');

    expect((await platform.users.get(user.id))?.passwordHash).toMatch(/^\$scrypt\$ln=4,/);
    expect(await login('ann')).toEqual(expect.any(String));
  });

  it('is refreshed once by each token; one that is used again ends the session', async () => {
    const { ask, add } = await startGateway();
    await add('ann');
    const refresh = (token: string) => ask('/login/refresh', { body: { refresh_token: token } });
    const first = (await ask('/login', { body: CREDENTIALS })).json.refresh_token;

    const second = await refresh(first);
    const third = await refresh(second.json.refresh_token);
    const replayed = await refresh(first);
    const ended = await refresh(third.json.refresh_token);

    expect([second, third, replayed, ended].map(({ status }) => status)).toEqual([200, 200, 401, 401]);
    expect((await ask('/users/me', { token: third.json.access_token })).status).toBe(200);
    expect((await ask('/users/me', { token: third.json.refresh_token })).status).toBe(401);
    expect((await refresh(`${first.slice(0, -1)}x`)).status).toBe(401);
  });
});
