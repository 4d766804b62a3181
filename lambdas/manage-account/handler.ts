import {
  aText,
  type FieldRule,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  json,
  jsonFields,
  optional,
  type ProxyResult,
  presentKey,
  presentUserLimits,
} from '#api';
import {
  type Clock,
  createKey,
  type KeyRequest,
  keysOf,
  MAX_KEY_DAYS,
  ModelyardError,
  revokeKey,
  SCOPES,
  type UserStore,
} from '#core';

/** `GET /users/me`, and the API keys below `/users/me/keys`. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function manageAccount(request) {
    if (request.route === '/users/me') return me(request);
    const { users, platform } = deps;
    if (!users) throw new ModelyardError('route_not_found', 'This system has no API keys.');
    if (request.route === '/users/me/keys/{id}') return revoke({ users, clock: platform.clock }, request);
    if (request.method === 'GET') return list(users, request);
    const { expires_in_days: expiresInDays, ...asked } = keyFields(request);
    const userId = request.caller.id;
    const { key, secret } = await createKey(users, platform.clock, { userId, ...asked, expiresInDays });
    return json(201, { ...presentKey(key, userId), key: secret });
  });

function me({ caller }: HttpRequest): ProxyResult {
  const { id, name, role, key, scopes, models, limits = {} } = caller;
  const narrowed = { ...(scopes ? { scopes } : {}), ...(models ? { models } : {}) };
  return json(200, {
    ...{ id, username: name, role, limits: presentUserLimits(limits) },
    ...(key === undefined ? {} : { key, ...narrowed }),
  });
}

async function list(users: UserStore, { caller }: HttpRequest): Promise<ProxyResult> {
  const user = await users.get(caller.id);
  return json(200, { keys: (user ? keysOf(user) : []).map((key) => presentKey(key, caller.id)) });
}

async function revoke(
  deps: { readonly users: UserStore; readonly clock: Clock },
  request: HttpRequest,
): Promise<ProxyResult> {
  await revokeKey(deps, request.caller.id, request.param('id'));
  return { statusCode: 204, headers: {}, body: '' };
}

interface KeyFields extends Pick<KeyRequest, 'name' | 'scopes' | 'models'> {
  readonly expires_in_days?: number;
}

const MAX_NAME_LENGTH = 100;
const MAX_MODELS = 50;

const listOf =
  (isMember: (text: string) => boolean, message: string): FieldRule =>
  (value) => {
    const isList = Array.isArray(value) && value.length > 0 && value.length <= MAX_MODELS;
    return isList && value.every((member) => typeof member === 'string' && isMember(member)) ? undefined : message;
  };

const KEY_RULES = {
  name: (value) =>
    aText(value) ?? (String(value).length <= MAX_NAME_LENGTH ? undefined : `At most ${MAX_NAME_LENGTH} characters.`),
  expires_in_days: optional((value) =>
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_KEY_DAYS
      ? undefined
      : `Must be a whole number from 1 to ${MAX_KEY_DAYS}.`,
  ),
  scopes: optional(listOf((text) => SCOPES.some((scope) => scope === text), `Must be a list of ${SCOPES.join(', ')}.`)),
  models: optional(listOf((text) => /^\w{1,48}$/.test(text), `Must be a list of 1 to ${MAX_MODELS} names of models.`)),
} as const satisfies Record<string, FieldRule>;

/** The rules above make the cast safe. */
const keyFields = (request: HttpRequest): KeyFields =>
  jsonFields(request, { what: 'a valid key', rules: KEY_RULES }) as unknown as KeyFields;
