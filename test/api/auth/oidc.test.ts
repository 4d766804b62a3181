import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createAuthenticator } from '#api/auth/authenticator.ts';
import { createOidcCheck } from '#api/auth/oidc.ts';
import { changeUser } from '#core';
import { gatewaySettingsFrom } from '#platform/gateway-settings.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import { AUDIENCE, aKey, type ClientName, type OidcIssuer, startIssuer } from '#test/support/oidc-issuer.ts';

let provider: OidcIssuer;
let issuer: string;
let keys: readonly JWK[];

beforeAll(async () => {
  provider = await startIssuer();
  ({ issuer, keys } = provider);
});
afterAll(() => provider.close());

const tokenOf = (client: ClientName) => provider.tokenOf(client);
const forge: OidcIssuer['forge'] = (...asked) => provider.forge(...asked);

function aSystem(overrides: Partial<{ issuer: string; audience: string; roleClaim: string }> = {}) {
  const { users, clock } = createMemoryPlatform();
  const settings = { issuer, audience: AUDIENCE, roleClaim: 'roles', ...overrides };
  const authenticate = createAuthenticator({
    users,
    clock,
    identifyToken: createOidcCheck({ users, clock, ...settings }),
  });
  return { users, clock, as: (token: string) => authenticate(`Bearer ${token}`) };
}

describe('a token of an OpenID Connect issuer', () => {
  it('names its user, whose role is the highest of ours in the claim', async () => {
    const { users, as } = aSystem();

    const [ann, bob, root] = await Promise.all(
      (['ann', 'bob', 'root'] as const).map(async (id) => as(await tokenOf(id))),
    );

    expect([ann, bob, root]).toMatchObject([
      { name: 'ann@example.com', role: 'operator' },
      { name: 'bob@example.com', role: 'user' },
      { name: 'root@example.com', role: 'admin' },
    ]);
    expect((await users.findByName(`ann at ${issuer}`))?.id).toBe(ann?.id);
    expect(await as(await tokenOf('ann'))).toEqual(ann);
  });

  it('may have its roles below other claims', async () => {
    const { as } = aSystem({ roleClaim: 'realm.access.roles' });

    expect(await as(await tokenOf('ann'))).toMatchObject({ role: 'operator' });
    expect(await as(await forge({ realm: 'admin' }))).toMatchObject({ role: 'user' });
  });

  it('is one user for many first requests at once', async () => {
    const { as } = aSystem();
    const tokens = await Promise.all(Array.from({ length: 10 }, () => forge({ jti: crypto.randomUUID() })));

    const callers = await Promise.all(tokens.map(as));

    expect(new Set(callers.map(({ id }) => id)).size).toBe(1);
  });

  it('is of another user when its subject differs in case only, whoever comes first', async () => {
    const { as } = aSystem();
    const subjects = ['Ann', 'ann', 'ANN', 'ａｎｎ', 'ann'];

    const tokens = await Promise.all(subjects.map((sub) => forge({ sub })));
    const callers = await Promise.all(tokens.map(as));
    const again = await Promise.all((await Promise.all(subjects.map((sub) => forge({ sub, n: 2 })))).map(as));

    expect(new Set(callers.map(({ id }) => id)).size).toBe(4);
    expect(callers[4]?.id).toBe(callers[1]?.id);
    expect(again.map(({ id }) => id)).toEqual(callers.map(({ id }) => id));
  });

  it('of a disabled user is refused', async () => {
    const { users, clock, as } = aSystem();
    const { id } = await as(await tokenOf('ann'));

    await changeUser({ users, clock }, id, (user) => ({ ...user, isDisabled: true }));

    await expect(as(await forge({}))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('may be signed by any of its keys', async () => {
    const { as } = aSystem();

    expect(await as(await forge({}, { key: keys[1] as JWK, kid: 'second' }))).toMatchObject({ role: 'user' });
  });

  it('without an audience is for its client', async () => {
    const { as } = aSystem();

    expect(await as(await forge({ aud: undefined, client_id: AUDIENCE }))).toMatchObject({ role: 'user' });
    await expect(as(await forge({ aud: 'other', client_id: AUDIENCE }))).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it.each<[string, () => Promise<string>]>([
    ['another issuer', () => forge({ iss: 'https://evil.example' })],
    ['another audience', () => forge({ aud: 'other' })],
    ['no audience', () => forge({ aud: undefined })],
    ['no subject', () => forge({ sub: undefined })],
    ['an empty subject', () => forge({ sub: '' })],
    ['a number as its subject', () => forge({ sub: 7 })],
    ['an object as its subject', () => forge({ sub: { id: 'ann' } })],
    ['a subject that no database takes', () => forge({ sub: 'ann\u0000' })],
    ['half a character in its subject', () => forge({ sub: 'ann\ud800' })],
    ['a subject that is too long', () => forge({ sub: 'a'.repeat(256) })],
    ['the event of a logout', () => forge({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })],
    ['no expiry', () => forge({ exp: undefined })],
    ['an expiry in the past', () => forge({ exp: 1 })],
    ['a start in the future', () => forge({ nbf: 9_999_999_999 })],
    ['an unknown key', async () => forge({}, { key: await aKey('third', 'ES256'), kid: 'third' })],
    ['another key under a known name', async () => forge({}, { key: await aKey('first', 'ES256') })],
    ['a symmetric key', async () => forgeSymmetric()],
    ['nothing', async () => 'x.y.z'],
  ])('with %s is refused', async (_, attack) => {
    const { as } = aSystem();

    await expect(as(await attack())).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it.each([{ issuer: 'http://127.0.0.1:1' }, { issuer: 'http://127.0.0.1:1/realm' }])(
    'is not called wrong while the issuer %o does not answer',
    async (settings) => {
      await expect(aSystem(settings).as(await forge({}))).rejects.toMatchObject({
        code: 'store_unavailable',
        retryable: true,
      });
    },
  );

  it.each(['{"keys": null}', '{}', '[]', 'no JSON'])('is not called wrong while the keys are %s', async (keySet) => {
    const { url, settings } = await anIssuerWith(keySet);

    await expect(aSystem(settings).as(await forge({ iss: url }))).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('shows the first of its names that can be shown', async () => {
    const { as } = aSystem();
    const names = [{ preferred_username: 7 }, { preferred_username: 'a\nb' }, { preferred_username: 'a'.repeat(256) }];

    for (const claims of names) {
      expect(await as(await forge({ ...claims, email: 'ann@example.com' }))).toMatchObject({ name: 'ann@example.com' });
    }
    expect(await as(await forge({ email: ['ann'] }))).toMatchObject({ name: 'ann' });
  });

  it('is not believed when discovery is about another issuer', async () => {
    await expect(aSystem({ issuer: `${issuer}/` }).as(await forge({}))).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });
});

describe('keys of an issuer', () => {
  it('are read once, and again when a token names a new one', async () => {
    const rotating = await startIssuer();
    onTestFinished(() => rotating.close());
    const { as } = aSystem({ issuer: rotating.issuer });
    const old = await rotating.forge({ jti: 'later' });
    await as(await rotating.tokenOf('ann'));

    await rotating.rotate();

    // Until then, tokens with unknown keys cannot make us ask the issuer all the time.
    await expect(as(await rotating.tokenOf('ann'))).rejects.toMatchObject({ code: 'unauthenticated' });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6_000 });
    onTestFinished(() => void vi.useRealTimers());
    expect(await as(await rotating.tokenOf('ann'))).toMatchObject({ role: 'operator' });
    await expect(as(old)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

/** An issuer that answers this where its keys should be. */
async function anIssuerWith(keySet: string) {
  const server = createServer(({ url: path }, response) => {
    response.end(path === '/keys' ? keySet : JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => void server.close());
  return { url, settings: { issuer: url } };
}

async function forgeSymmetric(): Promise<string> {
  const secret = new TextEncoder().encode(JSON.stringify(keys[0]));
  return new SignJWT({ sub: 'ann', exp: 9_999_999_999, iss: issuer, aud: AUDIENCE })
    .setProtectedHeader({ alg: 'HS256', kid: 'first' })
    .sign(secret);
}

describe('the settings of an issuer', () => {
  const env = { AUTH: 'oidc', OIDC_ISSUER: 'https://login.example.com', OIDC_AUDIENCE: 'me' };

  it('are read with AUTH=oidc', () => {
    expect(gatewaySettingsFrom(env)).toMatchObject({
      auth: 'oidc',
      oidc: { issuer: 'https://login.example.com', audience: 'me', roleClaim: 'roles' },
    });
    expect(gatewaySettingsFrom({ ...env, AUTH: 'jwt' })).not.toHaveProperty('oidc');
  });

  it.each([
    { OIDC_ISSUER: '' },
    { OIDC_AUDIENCE: '' },
    { OIDC_ISSUER: 'http://login.example.com' },
    { OIDC_ISSUER: 'x' },
  ])('are refused with %o', (wrong) => {
    expect(() => gatewaySettingsFrom({ ...env, ...wrong })).toThrow(/environment variable OIDC_/);
  });
});
