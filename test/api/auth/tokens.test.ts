import { createHmac } from 'node:crypto';
import { importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createAuthenticator } from '#api/auth/authenticator.ts';
import { createSigner, createTokenCheck } from '#api/auth/tokens.ts';
import { changeUser, type KeyRing, newKeyRing, rotateKeyRing, type SigningKey } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

const MINUTE = 60_000;

async function aSystem() {
  const clock = new ManualClock();
  const { users } = createMemoryPlatform({ clock });
  const user = await users.create({ name: 'ann', role: 'operator', passwordHash: '', createdAt: clock.now() });
  if (!user) throw new Error('The name is taken.');
  const system = { ring: newKeyRing() };
  const loadKeys = async (): Promise<KeyRing> => system.ring;
  const signer = createSigner({ clock, loadKeys });
  const identifyToken = createTokenCheck({ users, clock, loadKeys });
  const authenticate = createAuthenticator({ users, clock, identifyToken });
  const now = () => Math.floor(clock.now() / 1000);
  return { clock, users, user, system, signer, authenticate, now };
}

type System = Awaited<ReturnType<typeof aSystem>>;

interface Forgery {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: JWTPayload;
  readonly key?: SigningKey;
}

/** A token as ours, but for what is forged. */
async function forge({ system, user, now }: System, { header = {}, claims = {}, key }: Forgery = {}): Promise<string> {
  const [own] = system.ring.keys;
  const signing = key ?? own;
  const good = { iss: 'modelyard', aud: 'modelyard-api', sub: user.id, iat: now(), nbf: now(), exp: now() + 900 };
  const defined = Object.fromEntries(Object.entries({ ...good, ...claims }).filter(([, value]) => value !== undefined));
  return new SignJWT(defined)
    .setProtectedHeader({ alg: 'EdDSA', kid: own?.kid ?? '', typ: 'at+jwt', ...header })
    .sign(await importJWK(signing as SigningKey, 'EdDSA'));
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token', () => {
  it('names its user, with the role that the user has now', async () => {
    const { authenticate, signer, user, users, clock } = await aSystem();
    const { token, expiresInSeconds } = await signer.sign(user);

    expect(await authenticate(`Bearer ${token}`)).toMatchObject({ id: user.id, name: 'ann', role: 'operator' });
    await changeUser({ users, clock }, user.id, (current) => ({ ...current, role: 'user' }));
    clock.advance(MINUTE / 2);
    expect(await authenticate(`bearer ${token}`)).toMatchObject({ role: 'user' });
    expect(expiresInSeconds).toBe(900);
  });

  it('has a kid, a type and only claims that say who and how long', async () => {
    const { signer, user, system } = await aSystem();
    const [header = '', payload = ''] = (await signer.sign(user)).token.split('.');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());

    expect(read(header)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: system.ring.keys[0]?.kid });
    expect(Object.keys(read(payload)).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', 'nbf', 'sub']);
  });

  const ATTACKS: Readonly<Record<string, (system: System) => Promise<string> | string>> = {
    'alg none': ({ user }) => new UnsecuredJWT({}).setSubject(user.id).setIssuer('modelyard').encode(),
    'alg none with our claims': async (system) => {
      const [, payload] = (await forge(system)).split('.');
      return `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`;
    },
    'HS256 with the public key as the secret': async (system) => {
      const [, payload] = (await forge(system)).split('.');
      const key = system.system.ring.keys[0] as SigningKey;
      const signed = `${encode({ alg: 'HS256', kid: key.kid, typ: 'at+jwt' })}.${payload}`;
      return `${signed}.${createHmac('sha256', String(key.x)).update(signed).digest('base64url')}`;
    },
    'ES256 in the header': async (system) => {
      const [, payload, signature] = (await forge(system)).split('.');
      return `${encode({ alg: 'ES256', kid: system.system.ring.keys[0]?.kid, typ: 'at+jwt' })}.${payload}.${signature}`;
    },
    'another key': (system) => forge(system, { key: newKeyRing().keys[0] as SigningKey }),
    'a kid that is unknown': (system) => forge(system, { header: { kid: 'other' } }),
    'no kid': (system) => forge(system, { header: { kid: undefined } }),
    'a kid with a path in it': (system) => forge(system, { header: { kid: '../../dev/null' } }),
    'a kid of a prototype': (system) => forge(system, { header: { kid: '__proto__' } }),
    'its key in the header': async (system) => {
      const key = newKeyRing().keys[0] as SigningKey;
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.x };
      return forge(system, { key, header: { jwk, kid: key.kid } });
    },
    'the address of its key': (system) => forge(system, { header: { jku: 'https://evil.example/keys', kid: 'x' } }),
    'another type': (system) => forge(system, { header: { typ: 'JWT' } }),
    'a critical extension': (system) => forge(system, { header: { crit: ['exp'] } }).catch(() => 'a.b.c'),
    'another issuer': (system) => forge(system, { claims: { iss: 'somebody' } }),
    'no issuer': (system) => forge(system, { claims: { iss: undefined } }),
    'another audience': (system) => forge(system, { claims: { aud: 'another-api' } }),
    'no audience': (system) => forge(system, { claims: { aud: undefined } }),
    'no subject': (system) => forge(system, { claims: { sub: undefined } }),
    'an empty subject': (system) => forge(system, { claims: { sub: '' } }),
    'the subject local': (system) => forge(system, { claims: { sub: 'local' } }),
    'no expiry': (system) => forge(system, { claims: { exp: undefined } }),
    'no start': (system) => forge(system, { claims: { nbf: undefined } }),
    'an expiry in the past': (system) => forge(system, { claims: { exp: system.now() - 10 } }),
    'a start in the future': (system) => forge(system, { claims: { nbf: system.now() + 60 } }),
    'a changed claim': async (system) => {
      const [header, , signature] = (await forge(system)).split('.');
      return `${header}.${encode({ iss: 'modelyard', aud: 'modelyard-api', sub: 'x', exp: 9e9 })}.${signature}`;
    },
    'padding at its end': async (system) => `${await forge(system)}==`,
    'other bits at its end that say nothing': async (system) => {
      const token = await forge(system);
      // 64 bytes end in the first two bits of a character, which is A, Q, g or w.
      return `${token.slice(0, -1)}${String.fromCharCode(token.charCodeAt(token.length - 1) + 1)}`;
    },
    'no signature': async (system) => `${(await forge(system)).split('.').slice(0, 2).join('.')}.`,
    'two parts': async (system) => (await forge(system)).split('.').slice(0, 2).join('.'),
    nonsense: () => 'a.b.c',
    'ten thousand characters': () => 'x'.repeat(10_000),
    'a null byte': () => 'a\0b',
    nothing: () => '',
  };

  it.each(Object.entries(ATTACKS))('with %s is refused', async (_, attack) => {
    const system = await aSystem();
    const token = await attack(system);

    await expect(system.authenticate(`Bearer ${token}`)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await system.authenticate(`Bearer ${await forge(system)}`)).toMatchObject({ name: 'ann' });
  });

  it.each([undefined, '', 'Bearer', 'Basic YW5uOmFubg==', 'Bearer a b', 'Token x'])(
    'is what the header «%s» is not',
    async (header) => {
      const { authenticate } = await aSystem();

      await expect(authenticate(header)).rejects.toMatchObject({ code: 'unauthenticated' });
    },
  );

  it('is refused after 15 minutes, also by who has just known it', async () => {
    const { authenticate, signer, user, clock } = await aSystem();
    const { token } = await signer.sign(user);

    clock.advance(15 * MINUTE - 1000);
    expect(await authenticate(`Bearer ${token}`)).toMatchObject({ name: 'ann' });
    clock.advance(6000);
    await expect(authenticate(`Bearer ${token}`)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('of a disabled or deleted user is refused within a minute', async () => {
    for (const end of ['disable', 'delete'] as const) {
      const { authenticate, signer, user, users, clock } = await aSystem();
      const { token } = await signer.sign(user);
      await authenticate(`Bearer ${token}`);

      if (end === 'disable')
        await changeUser({ users, clock }, user.id, (current) => ({ ...current, isDisabled: true }));
      else await users.delete(user.id);
      clock.advance(MINUTE);

      await expect(authenticate(`Bearer ${token}`)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
  });

  it('stays valid when the keys are rotated, and new ones are signed with the new key after all know it', async () => {
    const { authenticate, signer, user, clock, system } = await aSystem();
    const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
    const before = await signer.sign(user);

    system.ring = rotateKeyRing(system.ring, clock.now());
    clock.advance(MINUTE);
    const during = await signer.sign(user);
    clock.advance(2 * MINUTE);
    const after = await signer.sign(user);

    for (const { token } of [before, during, after]) {
      expect(await authenticate(`Bearer ${token}`)).toMatchObject({ name: 'ann' });
    }
    expect(kidOf(during.token)).toBe(kidOf(before.token));
    expect(kidOf(after.token)).toBe(system.ring.keys[0]?.kid);
  });

  it('is refused when it is signed with a key that was replaced long ago, whatever it says', async () => {
    const system = await aSystem();
    const [stolen] = system.system.ring.keys;
    system.system.ring = rotateKeyRing(system.system.ring, system.clock.now());

    system.clock.advance(22 * MINUTE);

    const header = { kid: stolen?.kid };
    const token = await forge(system, { header, ...(stolen ? { key: stolen } : {}) });
    await expect(system.authenticate(`Bearer ${token}`)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await system.authenticate(`Bearer ${await forge(system)}`)).toMatchObject({ name: 'ann' });
  });
});
