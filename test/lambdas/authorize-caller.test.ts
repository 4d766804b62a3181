import type { APIGatewayAuthorizerResult } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { type PrincipalContext, principalOf, ROUTES } from '#api';
import { createAuthenticator } from '#api/auth/authenticator.ts';
import { createSigner, createTokenCheck } from '#api/auth/tokens.ts';
import { changeUser, createKey, ModelyardError, newKeyRing, revokeKey, type UserStore } from '#core';
import { createHandler } from '#lambdas/authorize-caller/handler.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const API = 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/v1';
const MINUTE = 60_000;

async function aStage(wrap: (users: UserStore) => UserStore = (users) => users) {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock });
  const ring = newKeyRing();
  const loadKeys = async () => ring;
  const users = wrap(platform.users);
  const identifyToken = createTokenCheck({ users, clock, loadKeys });
  const authenticate = createAuthenticator({ users, clock, identifyToken });
  const authorize = createHandler({ authenticate, logger: silentLogger });
  const user = await platform.users.create({ name: 'ann', role: 'operator', passwordHash: '', createdAt: 0 });
  if (!user) throw new Error('The name is taken.');
  return {
    ...{ clock, user, users: platform.users },
    token: async () => (await createSigner({ clock, loadKeys }).sign(user)).token,
    ask: async (headers: Record<string, string>, methodArn = `${API}/GET/tasks`) =>
      (await authorize({ headers, methodArn })) as APIGatewayAuthorizerResult,
    /** As an HTTP API asks. */
    askSimply: (headers: Record<string, string>) => authorize({ headers, routeArn: `${API}/GET/tasks` }),
    authorize,
  };
}

/** Whether a resource of a policy covers a method, by the rule of IAM. */
const covers = (resource: string, methodArn: string): boolean =>
  new RegExp(`^${resource.replaceAll(/[.$^+?()[\]{}|\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(methodArn);

describe('the authorizer', () => {
  it('names the user of a token, with the role, in strings', async () => {
    const { ask, token, user } = await aStage();

    const { principalId, context } = await ask({ Authorization: `Bearer ${await token()}` });

    expect(principalId).toBe(user.id);
    expect(context).toMatchObject({ user: user.id, name: 'ann', role: 'operator' });
    expect(Object.values(context ?? {}).every((value) => typeof value === 'string')).toBe(true);
  });

  it('names the limits of an API key', async () => {
    const { ask, clock, user, users } = await aStage();
    const limits = { scopes: ['predict', 'read'], models: ['model_a'] } as const;
    const { key, secret } = await createKey(users, clock, { userId: user.id, name: 'k', ...limits });

    const { context } = await ask({ authorization: `bearer ${secret}` });

    expect(context).toMatchObject({ key: key.id, scopes: 'predict read', models: 'model_a' });
  });

  it.each([API, API.replace('v1', '$default')])('allows every route of %s, and no other API', async (api) => {
    const { ask, token } = await aStage();

    const { policyDocument } = await ask({ Authorization: `Bearer ${await token()}` }, `${api}/GET/tasks`);

    const [statement, ...others] = JSON.parse(JSON.stringify(policyDocument.Statement));
    expect(others).toEqual([]);
    expect(statement.Effect).toBe('Allow');
    for (const { method, path } of ROUTES) expect(covers(statement.Resource, `${api}/${method}${path}`)).toBe(true);
    expect(covers(statement.Resource, `${api.replace('a1b2c3', 'other')}/GET/tasks`)).toBe(false);
  });

  it.each<Record<string, string>>([
    {},
    { Authorization: '' },
    { Authorization: 'Bearer x' },
    { Authorization: 'Basic x' },
  ])('says the one word that is answered 401 for %o', async (headers) => {
    const { ask } = await aStage();

    await expect(ask(headers)).rejects.toThrow(/^Unauthorized$/);
  });

  it('leaves whom it does not know to the handlers of an HTTP API, which cannot answer 401', async () => {
    const { askSimply, token, user } = await aStage();

    const unknown = await askSimply({ authorization: 'Bearer x' });
    const known = await askSimply({ authorization: `Bearer ${await token()}` });

    expect(unknown).toEqual({ isAuthorized: true, context: {} });
    expect(principalOf({ requestContext: { authorizer: {} } })).toBeUndefined();
    const { context } = known as { readonly context: PrincipalContext };
    for (const authorizer of [context, { lambda: context }]) {
      expect(principalOf({ requestContext: { authorizer } })).toMatchObject({
        id: user.id,
        name: 'ann',
        role: 'operator',
      });
    }
  });

  it('refuses two credentials at once', async () => {
    const { authorize, token } = await aStage();
    const both = [`Bearer ${await token()}`, `Bearer ${await token()}`];

    const asked = authorize({ multiValueHeaders: { Authorization: both }, methodArn: `${API}/GET/tasks` });

    await expect(asked).rejects.toThrow(/^Unauthorized$/);
  });

  it('refuses disabled users and deleted keys within half a minute, the other half being the cache in front', async () => {
    const { ask, clock, token, user, users } = await aStage();
    const { key, secret } = await createKey(users, clock, { userId: user.id, name: 'k' });
    const headers = [`Bearer ${await token()}`, `Bearer ${secret}`].map((Authorization) => ({ Authorization }));
    for (const each of headers) await ask(each);

    await revokeKey({ users, clock }, user.id, key.id);
    clock.advance(MINUTE / 2);
    await expect(ask(headers[1] ?? {})).rejects.toThrow(/^Unauthorized$/);
    await changeUser({ users, clock }, user.id, (current) => ({ ...current, isDisabled: true }));
    clock.advance(MINUTE / 2);
    await expect(ask(headers[0] ?? {})).rejects.toThrow(/^Unauthorized$/);
  });

  it('does not call a caller unknown when the users cannot be read', async () => {
    const { ask, token } = await aStage((users) => ({
      ...users,
      get: async () => {
        throw new ModelyardError('store_unavailable', 'Away.');
      },
    }));

    await expect(ask({ Authorization: `Bearer ${await token()}` })).rejects.toThrow('Away.');
  });

  it('lets nobody in where nobody can be verified', async () => {
    const authorize = createHandler({ authenticate: undefined, logger: silentLogger });

    await expect(authorize({ headers: { Authorization: 'Bearer x' }, methodArn: API })).rejects.toThrow('Unauthorized');
  });
});
