import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_USER_NAME_LENGTH, type NewUser, newUserId, type User, type UserStore } from '#core';

/** A store, which other tests may use at the same time, and a way to take it away. */
export interface UserStoreUnderTest {
  readonly users: UserStore;
  /** From now on `users` cannot be reached. */
  cutOff(): Promise<void>;
}

let names = 0;

/** Somebody whose name no other test uses. */
function somebody(overrides: Partial<NewUser> = {}): NewUser {
  names += 1;
  return {
    name: `ann.${process.pid}.${names}`,
    role: 'user',
    passwordHash: `$scrypt$17$8$1$salt$hash-${names}`,
    createdAt: 1_790_000_000_000 + names,
    ...overrides,
  };
}

async function register(users: UserStore, overrides: Partial<NewUser> = {}): Promise<User> {
  const user = await users.create(somebody(overrides));
  if (user === undefined) throw new Error('The name is taken.');
  return user;
}

/** What every `UserStore` promises. Each adapter's test calls this with its own way to reach one. */
export function userStoreContract(name: string, open: () => Promise<UserStoreUnderTest>): void {
  describe(`UserStore contract: ${name}`, () => {
    it('gives every user back as they were last written, and never another one', async () => {
      const { users } = await open();
      const who = fc.nat(2);
      const steps = fc.array(
        fc.oneof(
          fc.record({ does: fc.constant('create'), who }),
          fc.record({ does: fc.constantFrom('update', 'delete', 'update an old version'), who }),
        ),
        { maxLength: 15 },
      );

      await fc.assert(
        fc.asyncProperty(steps, async (taken) => {
          const { name: start } = somebody();
          const names = [`${start}a`, `${start}b`, `${start}ab`];
          const known = new Map<string, User>();
          for (const [at, step] of taken.entries()) {
            const name = names[step.who] ?? '';
            const user = known.get(name);
            if (step.does === 'create') {
              const created = await users.create(somebody({ name }));
              expect(created === undefined).toBe(user !== undefined);
              if (created) known.set(name, created);
            } else if (user && step.does === 'delete') {
              expect(await users.delete(user.id)).toBe(true);
              known.delete(name);
            } else if (user) {
              const isOld = step.does !== 'update';
              const next = { ...user, passwordHash: `hash ${at}`, version: user.version + (isOld ? 0 : 1) };
              expect(await users.update(next)).toBe(!isOld);
              if (!isOld) known.set(name, next);
            }
          }

          for (const name of names) {
            expect(await users.findByName(name)).toEqual(known.get(name));
            expect(await users.get(known.get(name)?.id ?? newUserId(name))).toEqual(known.get(name));
          }
        }),
        { numRuns: 15 },
      );
    });

    it('keeps a user as they registered, found by name and by id', async () => {
      const { users } = await open();
      const { name: typed } = somebody();
      const newcomer = somebody({ name: `Ζωή #${typed}`, role: 'admin', passwordHash: 'scrypt:"\\\n:ü' });

      const user = await users.create(newcomer);

      expect(user).toEqual({ ...newcomer, id: expect.stringMatching(/^[\w-]{32}$/), version: 1 });
      expect(await users.get(user?.id ?? '')).toEqual(user);
      expect(await users.findByName(newcomer.name)).toEqual(user);
    });

    it.each([MAX_USER_NAME_LENGTH, 5000])('keeps a name of %i characters', async (length) => {
      const { users } = await open();
      const { name: start } = somebody();
      const long = start.padEnd(length, 'ñ');

      const user = await register(users, { name: long });

      expect(await users.findByName(long)).toEqual(user);
      expect(await users.findByName(long.slice(0, -1))).toBeUndefined();
    });

    it('knows nobody who never registered, whatever is asked for', async () => {
      const { users } = await open();
      const { name: free } = somebody();
      const texts = ['', 'local', free, newUserId(free), '#', 'a/b:c', '\n', '\u{1F600}', 'x'.repeat(5000)];

      for (const text of texts) {
        expect(await users.get(text)).toBeUndefined();
        expect(await users.findByName(`${free}${text}`)).toBeUndefined();
      }
    });

    it('takes a name once, however it is written', async () => {
      const { users } = await open();
      const { name: typed } = somebody();
      const first = await register(users, { name: `Straße.${typed}` });
      const again = [
        `Straße.${typed}`,
        `STRASSE.${typed.toUpperCase()}`,
        `ｓｔｒａｓｓｅ.${typed}`,
        `stra\u00ad\u200bsse.${typed}`,
      ];

      for (const spelling of again) {
        expect(await users.create(somebody({ name: spelling }))).toBeUndefined();
        expect(await users.findByName(spelling)).toEqual(first);
      }
    });

    it('lets exactly one of many who want a name have it, and leaves the winner alone', async () => {
      const { users } = await open();
      const { name: wanted } = somebody();
      const racers = Array.from({ length: 16 }, (_, index) =>
        somebody({ name: index % 2 === 0 ? wanted : wanted.toUpperCase(), passwordHash: `hash ${index}` }),
      );

      const answers = await Promise.all(racers.map((racer) => users.create(racer)));

      const winners = answers.filter((answer) => answer !== undefined);
      expect(winners).toHaveLength(1);
      expect(winners[0]).toMatchObject(racers[answers.findIndex((answer) => answer !== undefined)] ?? {});
      expect(await users.findByName(wanted)).toEqual(winners[0]);
      expect(await users.get(winners[0]?.id ?? '')).toEqual(winners[0]);
    });

    it('changes the role and the password, and nothing else', async () => {
      const { users } = await open();
      const user = await register(users);

      const changed: User = { ...user, role: 'admin', passwordHash: 'another', version: 2 };
      expect(await users.update({ ...changed, name: 'somebody else', createdAt: 1 })).toBe(true);

      expect(await users.get(user.id)).toEqual(changed);
      expect(await users.findByName(user.name)).toEqual(changed);
    });

    it('replaces a user by the next version only', async () => {
      const { users } = await open();
      const user = await register(users);
      const second: User = { ...user, passwordHash: 'second', version: 2 };

      expect(await users.update({ ...user, passwordHash: 'early', version: 3 })).toBe(false);
      expect(await users.update(second)).toBe(true);
      expect(await users.update(second)).toBe(false);
      expect(await users.update(user)).toBe(false);

      expect(await users.get(user.id)).toEqual(second);
    });

    it('lets exactly one of many changes win', async () => {
      const { users } = await open();
      const user = await register(users);
      const candidates = Array.from({ length: 10 }, (_, index) => ({ ...user, passwordHash: `${index}`, version: 2 }));

      const wins = await Promise.all(candidates.map((candidate) => users.update(candidate)));

      expect(wins.filter(Boolean)).toEqual([true]);
      expect(await users.get(user.id)).toEqual(candidates[wins.indexOf(true)]);
    });

    it('changes nobody who is not there, and nobody else under the same name', async () => {
      const { users } = await open();
      const user = await register(users);
      const impostors = ['local', newUserId(user.name), newUserId(somebody().name)];

      for (const id of impostors) expect(await users.update({ ...user, id, role: 'admin', version: 2 })).toBe(false);

      expect(await users.get(user.id)).toEqual(user);
      for (const id of impostors) expect(await users.get(id)).toBeUndefined();
    });

    it('keeps state, keys and sessions, and forgets them when they are gone', async () => {
      const { users } = await open();
      const key = { id: 'AbCdEf12', kind: 'key', name: 'ci "\\\n', hash: 'h', createdAt: 1, expiresAt: 2 } as const;
      const credentials = [
        { ...key, scopes: ['predict'] as const, models: ['model_a'] },
        { ...key, kind: 'session' as const },
      ];
      const user = await register(users);

      await users.update({ ...user, isDisabled: true, credentials, version: 2 });
      const changed = await users.get(user.id);
      await users.update({ ...user, credentials: [], version: 3 });

      expect(changed).toEqual({ ...user, isDisabled: true, credentials, version: 2 });
      expect(await users.findByName(user.name)).toEqual({ ...user, credentials: [], version: 3 });
    });

    it('deletes a user once, and lets the name be used again', async () => {
      const { users } = await open();
      const [user, other] = [await register(users), await register(users)];

      expect(await users.delete(user.id)).toBe(true);
      expect([await users.get(user.id), await users.findByName(user.name)]).toEqual([undefined, undefined]);
      const successor = await register(users, { name: user.name });

      expect(await Promise.all([user.id, 'local', '', newUserId(other.name)].map((id) => users.delete(id)))).toEqual([
        ...[false, false, false, false],
      ]);
      expect(await users.get(successor.id)).toEqual(successor);
      expect(await users.get(other.id)).toEqual(other);
    });

    it('lists every user once, page by page, while others come', async () => {
      const { users } = await open();
      const registered = await Promise.all(Array.from({ length: 7 }, () => register(users)));
      const seen: User[] = [];

      for (let cursor: string | undefined, pages = 0; pages === 0 || cursor !== undefined; pages++) {
        const page = await users.list({ limit: 3, ...(cursor === undefined ? {} : { cursor }) });
        if (pages === 0) await register(users);
        expect(page.users.length).toBeLessThanOrEqual(3);
        seen.push(...page.users);
        cursor = page.nextCursor;
      }

      const ids = seen.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const user of registered) expect(seen.filter(({ id }) => id === user.id)).toEqual([user]);
    });

    it.each(['x', '#', '../users', 'a'.repeat(21)])('refuses the cursor %s, which it did not give', async (cursor) => {
      const { users } = await open();

      await expect(users.list({ limit: 3, cursor })).rejects.toMatchObject({ code: 'invalid_request' });
    });

    it('says that it is unavailable when it cannot be reached, without telling the password hash', async () => {
      const { users, cutOff } = await open();
      const user = await register(users, { passwordHash: 'secret-hash' });
      await cutOff();

      const answers = await Promise.allSettled([
        users.create(somebody({ passwordHash: 'secret-hash' })),
        users.get(user.id),
        users.findByName(user.name),
        users.update({ ...user, version: 2 }),
        users.delete(user.id),
        users.list({ limit: 1 }),
      ]);

      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable', retryable: true } });
        expect(inspect(answer, { depth: 20, showHidden: true })).not.toContain('secret-hash');
      }
    });
  });
}
