import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MemoryUserStore } from '#adapters/memory/index.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { createKey, identifyKey, keysOf, revokeKey } from '../../../lib/core/users/api-keys.ts';
import {
  changeUser,
  issueSecret,
  looksLikeKey,
  matchCredential,
  parseSecret,
  secretPrefix,
  withCredential,
  withoutCredential,
} from '../../../lib/core/users/credentials.ts';
import { ROLE_LIMITS } from '../../../lib/core/users/limits.ts';
import type { Credential, User } from '../../../lib/core/users/user.ts';

const USER_ID = 'u'.repeat(32);
const NOW = 1_000_000;
const DAY_MS = 86_400_000;

const aCredential = (id: string, more: Partial<Credential> = {}): Credential => ({
  ...{ id, kind: 'key', name: '', hash: 'hash', createdAt: 0, expiresAt: NOW + 1 },
  ...more,
});
const aUser = (credentials?: readonly Credential[], more: Partial<User> = {}): User => ({
  ...{ id: USER_ID, name: 'ann', role: 'user', passwordHash: '', createdAt: 0, version: 1 },
  ...(credentials ? { credentials } : {}),
  ...more,
});
const idsOf = ({ credentials = [] }: User) => credentials.map(({ id }) => id);

describe('a secret', () => {
  it.each(['key', 'session'] as const)(
    'of a %s names its user and its id, and its hash is of the random part',
    (kind) => {
      const { id, text, hash } = issueSecret(kind, USER_ID);

      expect(parseSecret(kind, text)).toEqual({ userId: USER_ID, id, hash });
      expect(text.startsWith(kind === 'key' ? 'mdy_' : 'mdr_')).toBe(true);
      expect(looksLikeKey(text)).toBe(kind === 'key');
      const random = text.slice(45, 88);
      expect(hash).toBe(createHash('sha256').update(random).digest('base64url'));
      expect(secretPrefix(aCredential(id, { kind }), USER_ID)).toBe(`${text.slice(0, 4)}uuuu…${id}`);
    },
  );

  it('is another one each time, for another id or the same', () => {
    const first = issueSecret('session', USER_ID);
    const other = issueSecret('session', USER_ID);
    const next = issueSecret('session', USER_ID, first.id);

    expect(other.id).not.toBe(first.id);
    expect(next.id).toBe(first.id);
    expect(new Set([first, other, next].map(({ hash }) => hash)).size).toBe(3);
  });

  it('is nothing when it is of another kind, mistyped, cut or longer', () => {
    const { text } = issueSecret('key', USER_ID);
    const mistyped = text.replace(/[^_](?=[0-9a-f]{8}$)/, (char) => (char === 'A' ? 'B' : 'A'));

    expect(parseSecret('session', text)).toBeUndefined();
    for (const wrong of [mistyped, text.slice(0, -1), `${text}0`, `x${text}`, '']) {
      expect(parseSecret('key', wrong), wrong).toBeUndefined();
    }
  });
});

describe('matching a secret', () => {
  const parsed = { userId: USER_ID, id: 'a', hash: 'hash' };

  it.each<[string, User, boolean]>([
    ['its credential', aUser([aCredential('b'), aCredential('a')]), true],
    ['a credential that has just expired', aUser([aCredential('a', { expiresAt: NOW })]), false],
    ['another hash', aUser([aCredential('a', { hash: 'hasH' })]), false],
    ['a longer hash', aUser([aCredential('a', { hash: 'hash.' })]), false],
    ['another id', aUser([aCredential('b')]), false],
    ['no credential', aUser(), false],
    ['a disabled user', aUser([aCredential('a')], { isDisabled: true }), false],
  ])('with %s', (_, user, matches) => {
    expect(matchCredential(user, parsed, NOW)?.id).toBe(matches ? 'a' : undefined);
  });
});

describe('the credentials of a user', () => {
  it('lose those that have expired, and the one that is replaced, when one is added', () => {
    const user = aUser([aCredential('old', { expiresAt: NOW }), aCredential('a'), aCredential('b')]);

    expect(idsOf(withCredential(user, aCredential('a'), NOW))).toEqual(['b', 'a']);
    expect(idsOf(withCredential(aUser(), aCredential('a'), NOW))).toEqual(['a']);
    expect(idsOf(withoutCredential(user, 'a'))).toEqual(['old', 'b']);
    expect(idsOf(withoutCredential(aUser(), 'a'))).toEqual([]);
  });

  it('are 20 sessions at most: the oldest makes room', () => {
    const sessions = Array.from({ length: 20 }, (_, i) => aCredential(`${i}`, { kind: 'session' }));
    const key = aCredential('key');
    const added = aCredential('new', { kind: 'session' });

    const full = withCredential(aUser([key, ...sessions]), added, NOW);
    const room = withCredential(aUser([key, ...sessions.slice(1)]), added, NOW);

    expect(idsOf(full)).toEqual(['key', ...sessions.slice(1).map(({ id }) => id), 'new']);
    expect(idsOf(room)).toEqual(idsOf(full));
  });

  it('are 20 keys at most: another one is refused', () => {
    const keys = Array.from({ length: 20 }, (_, i) => aCredential(`${i}`));
    const session = aCredential('session', { kind: 'session' });

    expect(() => withCredential(aUser(keys), aCredential('new'), NOW)).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
    expect(idsOf(withCredential(aUser([session, ...keys.slice(1)]), aCredential('new'), NOW))).toHaveLength(21);
  });
});

async function stored() {
  const clock = new ManualClock(NOW);
  const users = new MemoryUserStore();
  const user = await users.create({ name: 'ann', role: 'operator', passwordHash: '', createdAt: 0 });
  if (!user) throw new Error('The name is taken.');
  return { clock, users, user };
}

describe('changing a user', () => {
  it('is done again, after a pause, when somebody else was faster, twenty times at most', async () => {
    const { users, user } = await stored();
    const { update } = users;
    const pauses: number[] = [];
    const clock = { now: () => NOW, sleep: async (ms: number) => void pauses.push(ms) };
    let races = 19;
    let tries = 0;
    users.update = async (next) => {
      tries++;
      return races-- > 0 ? false : update.call(users, next);
    };
    const rename = (current: User): User => ({ ...current, passwordHash: 'new' });

    expect(await changeUser({ users, clock }, user.id, rename)).toEqual({ ...user, passwordHash: 'new', version: 2 });
    expect(tries).toBe(20);
    expect(pauses).toHaveLength(19);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(200);
    races = 20;
    await expect(changeUser({ users, clock }, user.id, rename)).rejects.toMatchObject({
      code: 'store_unavailable',
      retryable: true,
    });
  });

  it('does nothing when nothing has to be changed, and refuses an unknown user', async () => {
    const { clock, users, user } = await stored();

    expect(await changeUser({ users, clock }, user.id, () => undefined)).toBeUndefined();
    expect(await users.get(user.id)).toEqual(user);
    await expect(changeUser({ users, clock }, 'nobody', (current) => current)).rejects.toMatchObject({
      code: 'user_not_found',
    });
  });
});

describe('an API key', () => {
  it.each([
    [{}, 90, {}],
    [{ expiresInDays: 1 }, 1, {}],
    [{ scopes: ['read'], models: ['model_a'] }, 90, { scopes: ['read'], models: ['model_a'] }],
  ] as const)('that was asked for with %j stands for its user for %i days', async (asked, days, limits) => {
    const { clock, users, user } = await stored();

    const { key, secret } = await createKey(users, clock, { userId: user.id, name: 'ci', ...asked });

    expect(key).toStrictEqual({
      ...{ id: key.id, kind: 'key', name: 'ci', hash: key.hash, createdAt: NOW },
      ...{ expiresAt: NOW + days * DAY_MS, ...limits },
    });
    expect(await identifyKey(users, clock, secret)).toStrictEqual({
      principal: { id: user.id, name: 'ann', role: 'operator', limits: ROLE_LIMITS.operator, key: key.id, ...limits },
      expiresAt: key.expiresAt,
    });
  });

  it('is no caller when it is unknown, revoked, expired or no key', async () => {
    const { clock, users, user } = await stored();
    const create = (name: string) => createKey(users, clock, { userId: user.id, name, expiresInDays: 1 });
    const [first, second] = [await create('a'), await create('b')];
    const session = issueSecret('session', user.id);
    await changeUser({ users, clock }, user.id, (current) =>
      withCredential(current, aCredential(session.id, { kind: 'session', hash: session.hash, expiresAt: 1e12 }), NOW),
    );
    await revokeKey({ users, clock }, user.id, first.key.id);
    // The same random part under the prefix of a key.
    const body = session.text.slice(0, -8).replace('mdr_', 'mdy_');
    const forged = `${body}${createHash('sha256').update(body).digest('hex').slice(0, 8)}`;
    const { text: unknown } = issueSecret('key', user.id);
    const { text: nobodys } = issueSecret('key', USER_ID);

    for (const text of [first.secret, forged, unknown, nobodys, 'no secret']) {
      expect(await identifyKey(users, clock, text)).toBeUndefined();
    }
    expect(await identifyKey(users, clock, second.secret)).toBeDefined();
    await clock.advance(DAY_MS);
    expect(await identifyKey(users, clock, second.secret)).toBeUndefined();
  });

  it('remembers its last use, written once an hour, and works when it cannot be written', async () => {
    const { clock, users, user } = await stored();
    const { secret } = await createKey(users, clock, { userId: user.id, name: 'ci' });
    await createKey(users, clock, { userId: user.id, name: 'other' });
    const uses = async () => keysOf((await users.get(user.id)) ?? user).map(({ lastUsedAt }) => lastUsedAt);
    await clock.advance(3_600_000);
    await identifyKey(users, clock, secret);
    const first = clock.now();
    expect(await uses()).toEqual([first, undefined]);

    await clock.advance(3_600_000);
    await identifyKey(users, clock, secret);
    expect(await uses()).toEqual([first, undefined]);
    await clock.advance(1);
    users.update = () => Promise.reject(new Error('away'));

    expect(await identifyKey(users, clock, secret)).toBeDefined();
  });

  it('is found among sessions, and revoked by its id', async () => {
    const { clock, users, user } = await stored();
    await changeUser({ users, clock }, user.id, (current) =>
      withCredential(current, aCredential('session', { kind: 'session', expiresAt: 1e12 }), NOW),
    );
    const { key } = await createKey(users, clock, { userId: user.id, name: 'ci' });
    const keys = async () => keysOf((await users.get(user.id)) ?? user).map(({ id }) => id);
    expect(await keys()).toEqual([key.id]);

    for (const id of ['session', 'nothing']) {
      await expect(revokeKey({ users, clock }, user.id, id)).rejects.toMatchObject({ code: 'key_not_found' });
    }
    await revokeKey({ users, clock }, user.id, key.id);

    expect(await keys()).toEqual([]);
    expect(keysOf(user)).toEqual([]);
    expect((await users.get(user.id))?.credentials).toHaveLength(1);
  });
});
