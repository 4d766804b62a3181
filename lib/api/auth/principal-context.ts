import { LOCAL_PRINCIPAL, ModelyardError, type Principal, SCOPES, USER_ROLES } from '#core';
import type { ProxyEvent } from '../http/proxy.ts';

/**
 * The caller, as API Gateway passes it from an authorizer to a handler: strings only. `user` repeats the id, because
 * HTTP APIs pass on only what is beside `principalId`.
 */
export type PrincipalContext = Readonly<Record<'principalId' | 'user' | 'name' | 'role', string>> &
  Partial<Readonly<Record<'scopes' | 'models' | 'key' | 'limits', string>>>;

export const toPrincipalContext = ({ id, name, role, scopes, models, key, limits }: Principal): PrincipalContext => ({
  principalId: id,
  user: id,
  name,
  role,
  ...(scopes ? { scopes: scopes.join(' ') } : {}),
  ...(models ? { models: models.join(' ') } : {}),
  ...(key === undefined ? {} : { key }),
  ...(limits ? { limits: JSON.stringify(limits) } : {}),
});

/**
 * The caller, as identified by the gateway. Undefined without one. A context without a role has the role `user`. Throws
 * `unauthenticated` for a malformed context.
 */
export function principalOf({ requestContext }: ProxyEvent): Principal | undefined {
  const { lambda, ...given } = requestContext?.authorizer ?? {};
  // An HTTP API may nest the context of its authorizer under the kind of the authorizer.
  const { principalId, user: id = principalId, ...context } = isObject(lambda) ? lambda : given;
  if (id === undefined || id === '') return undefined;
  const { name = id, role = 'user', scopes, models, key, limits } = context;
  const known = USER_ROLES.find((candidate) => candidate === role);
  if (typeof id !== 'string' || typeof name !== 'string' || !known) throw unauthenticated();
  return {
    id,
    name,
    role: known,
    ...(scopes === undefined ? {} : { scopes: SCOPES.filter((scope) => wordsOf(scopes).includes(scope)) }),
    ...(models === undefined ? {} : { models: wordsOf(models) }),
    ...(typeof key === 'string' ? { key } : {}),
    ...(typeof limits === 'string' ? { limits: JSON.parse(limits) } : {}),
  };
}

/** The caller, or the local user without authentication. */
export const callerOf = (event: ProxyEvent, auth: string | undefined): Principal | undefined =>
  principalOf(event) ?? (auth === 'none' ? LOCAL_PRINCIPAL : undefined);

export const unauthenticated = (message = 'This needs a bearer token or an API key.'): ModelyardError =>
  new ModelyardError('unauthenticated', message);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const wordsOf = (value: unknown): string[] => String(value).split(' ').filter(Boolean);
