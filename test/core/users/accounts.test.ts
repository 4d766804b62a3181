import { describe, expect, it } from 'vitest';
import { MemoryUserStore } from '#adapters/memory/index.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { type AccountsOptions, addUser, createAccounts } from '../../../lib/core/users/accounts.ts';
import { changeUser, issueSecret, parseSecret, withCredential } from '../../../lib/core/users/credentials.ts';
import { hashPassword, isOutdated, type ScryptCost } from '../../../lib/core/users/password.ts';
import type { User } from '../../../lib/core/users/user.ts';

const CHEAP: ScryptCost = { ln: 4, r: 8, p: 1 };
const PASSWORD = 'correct horse battery';
const MONTH_MS = 30 * 24 * 3_600_000;

async function prepare(options: Partial<AccountsOptions> = {}) {
  const clock = new ManualClock();
  const users = new MemoryUserStore();
  const signer = { sign: async ({ id }: { readonly id: string }) => ({ token: `for ${id}`, expiresInSeconds: 600 }) };
  const accounts = createAccounts({ users, clock, signer, registration: 'open', cost: CHEAP, ...options });
  const user = await addUser(users, clock, { name: 'ann', password: PASSWORD, role: 'user', cost: CHEAP });
  const login = (more: { readonly name?: string; readonly password?: string } = {}) =>
    accounts.login({ name: 'ann', password: PASSWORD, address: 'here', ...more });
  const read = async () => {
    const found = await users.get(user.id);
    if (!found) throw new Error('The user is gone.');
    return found;
  };
  const sessions = async () => (await read()).credentials ?? [];
  return { clock, users, accounts, user, login, read, sessions };
}

const REFUSED = { code: 'unauthenticated' };

describe('registering', () => {
  it('adds a user who can log in', async () => {
    const { clock, accounts, login } = await prepare();

    const user = await accounts.register({ name: 'bob', password: PASSWORD });

    expect(user).toMatchObject({ name: 'bob', role: 'user', createdAt: clock.now() });
    expect(user.passwordHash).not.toContain(PASSWORD);
    expect(isOutdated(user.passwordHash, CHEAP)).toBe(false);
    expect((await login({ name: 'bob' })).accessToken).toBe(`for ${user.id}`);
  });

  it('is refused while it is closed', async () => {
    const { accounts } = await prepare({ registration: 'closed' });

    expect(accounts.registration).toBe('closed');
    await expect(accounts.register({ name: 'bob', password: PASSWORD })).rejects.toMatchObject({ code: 'forbidden' });
  });

  it.each([
    ['b', PASSWORD, ['/username']],
    ['bob', 'short', ['/password']],
    ['b', 'short', ['/username', '/password']],
  ])('as %s with %s is refused with every place', async (name, password, pointers) => {
    const { accounts } = await prepare();

    await expect(accounts.register({ name, password })).rejects.toMatchObject({
      code: 'invalid_input',
      errors: pointers.map((pointer) => ({ pointer, message: expect.stringMatching(/./) })),
    });
  });

  it('is refused under a name that is taken', async () => {
    const { accounts } = await prepare();

    await expect(accounts.register({ name: 'Ann', password: PASSWORD })).rejects.toMatchObject({ code: 'name_taken' });
  });

  it('is refused while a hundred passwords wait, and logins go on afterwards', async () => {
    const { accounts, login } = await prepare();
    // The password of an unknown name is compared, too.
    const attempts = Array.from({ length: 110 }, (_, at) =>
      accounts.register({ name: `user-${at}`, password: PASSWORD }).then(
        () => 'added',
        ({ code }) => code,
      ),
    );
    const unknown = login({ name: 'nobody' }).catch(({ code }) => code);

    const outcomes = await Promise.all(attempts);

    expect(outcomes.filter((outcome) => outcome === 'added')).toHaveLength(102);
    expect(outcomes.filter((outcome) => outcome === 'too_many_requests')).toHaveLength(8);
    expect(await unknown).toBe('too_many_requests');
    await expect(login({ name: 'nobody' })).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await login()).accessToken).not.toBe('');
  });
});

describe('logging in', () => {
  it('gives an access token, and a session of a month', async () => {
    const { clock, user, login, sessions } = await prepare();

    const { accessToken, expiresInSeconds, refreshToken } = await login();

    expect([accessToken, expiresInSeconds]).toEqual([`for ${user.id}`, 600]);
    const { id, hash } = parseSecret('session', refreshToken) ?? {};
    const now = clock.now();
    expect(await sessions()).toEqual([
      { id, kind: 'session', name: '', hash, createdAt: now, expiresAt: now + MONTH_MS },
    ]);
  });

  it.each([
    ['another password', { password: `${PASSWORD}.` }],
    ['an unknown name', { name: 'bob' }],
    ['an unknown name and no password', { name: 'bob', password: '' }],
  ])('is refused with %s', async (_, more) => {
    const { login, sessions } = await prepare();

    await expect(login(more)).rejects.toMatchObject(REFUSED);
    expect(await sessions()).toEqual([]);
  });

  it('is refused for a disabled user, and for one without a password', async () => {
    const { clock, users, user, login } = await prepare();
    await changeUser({ users, clock }, user.id, (current) => ({ ...current, isDisabled: true }));
    await expect(login()).rejects.toMatchObject(REFUSED);
    await changeUser({ users, clock }, user.id, (current) => ({ ...current, isDisabled: false, passwordHash: '' }));

    await expect(login({ password: '' })).rejects.toMatchObject(REFUSED);
  });

  it('has to wait after ten failures, and not after as many successes', async () => {
    const { login } = await prepare();
    for (let i = 0; i < 12; i++) await login();
    for (let i = 0; i < 10; i++) await expect(login({ password: 'wrong' })).rejects.toMatchObject(REFUSED);

    await expect(login()).rejects.toMatchObject({ code: 'too_many_requests' });
  });

  it('hashes the password anew when its cost has changed', async () => {
    const { clock, users, user, login, read } = await prepare();
    const passwordHash = await hashPassword(PASSWORD, { ...CHEAP, ln: 5 });
    await changeUser({ users, clock }, user.id, (current) => ({ ...current, passwordHash }));

    await login();

    const after = (await read()).passwordHash;
    expect(isOutdated(after, CHEAP)).toBe(false);
    await login();
    expect((await read()).passwordHash).toBe(after);
  });

  it.each<[string, (users: MemoryUserStore, user: User) => Promise<unknown>]>([
    ['whose password is changed', (users, user) => users.update({ ...user, passwordHash: 'changed', version: 2 })],
    ['who is disabled', (users, user) => users.update({ ...user, isDisabled: true, version: 2 })],
    ['who is deleted', (users, { id }) => users.delete(id)],
  ])('starts no session of a user %s meanwhile', async (_, interfere) => {
    const { users, user, login } = await prepare({ cost: { ...CHEAP, ln: 5 } });
    const { findByName } = users;
    users.findByName = async (name) => {
      const found = await findByName.call(users, name);
      await interfere(users, user);
      return found;
    };

    await expect(login()).rejects.toMatchObject(REFUSED);
    const after = await users.get(user.id);
    expect(after?.credentials ?? []).toEqual([]);
    expect(after?.passwordHash ?? '').not.toMatch(/ln=5/);
  });

  it('starts a session when another login has hashed the password anew meanwhile', async () => {
    const { users, login, sessions } = await prepare({ cost: { ...CHEAP, ln: 5 } });
    const { findByName } = users;
    users.findByName = async (name) => {
      const found = await findByName.call(users, name);
      users.findByName = findByName;
      await login();
      return found;
    };

    await login();

    expect(await sessions()).toHaveLength(2);
  });
});

describe('refreshing', () => {
  it('exchanges a token for a new pair, and extends the session', async () => {
    const { clock, accounts, user, login, sessions } = await prepare();
    const { refreshToken } = await login();
    const createdAt = clock.now();
    await clock.advance(MONTH_MS - 1);

    const next = await accounts.refresh(refreshToken);

    expect(next).toMatchObject({ accessToken: `for ${user.id}`, expiresInSeconds: 600 });
    const now = clock.now();
    const { id, hash } = parseSecret('session', next.refreshToken) ?? {};
    expect(id).toBe(parseSecret('session', refreshToken)?.id);
    expect(await sessions()).toEqual([
      { id, kind: 'session', name: '', hash, createdAt, lastUsedAt: now, expiresAt: now + MONTH_MS },
    ]);
  });

  it('with a token that was exchanged before ends the session', async () => {
    const { accounts, login, sessions } = await prepare();
    const { refreshToken } = await login();
    const other = await login();
    const next = await accounts.refresh(refreshToken);

    await expect(accounts.refresh(refreshToken)).rejects.toMatchObject(REFUSED);

    await expect(accounts.refresh(next.refreshToken)).rejects.toMatchObject(REFUSED);
    expect((await sessions()).map(({ id }) => id)).toEqual([parseSecret('session', other.refreshToken)?.id]);
  });

  it('is refused when the session has ended, for a disabled user, and for any other text', async () => {
    const { clock, accounts, users, user, login, read } = await prepare();
    const { refreshToken } = await login();
    const { version } = await read();
    for (const text of [
      'no token',
      issueSecret('session', user.id).text,
      issueSecret('session', 'x'.repeat(32)).text,
    ]) {
      await expect(accounts.refresh(text)).rejects.toMatchObject(REFUSED);
    }
    expect((await read()).version).toBe(version);
    await clock.advance(MONTH_MS);
    await expect(accounts.refresh(refreshToken)).rejects.toMatchObject(REFUSED);
    const fresh = await login();
    await changeUser({ users, clock }, user.id, (current) => ({ ...current, isDisabled: true }));

    await expect(accounts.refresh(fresh.refreshToken)).rejects.toMatchObject(REFUSED);
  });

  it('is refused with the secret of a key', async () => {
    const { accounts, users, user, clock } = await prepare();
    const secret = issueSecret('session', user.id);
    const key = { id: secret.id, kind: 'key', name: '', hash: secret.hash, createdAt: 0, expiresAt: 1e15 } as const;
    await changeUser({ users, clock }, user.id, (current) => withCredential(current, key, clock.now()));

    await expect(accounts.refresh(secret.text)).rejects.toMatchObject(REFUSED);
  });
});
