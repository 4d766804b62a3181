import {
  type FieldRule,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  json,
  jsonFields,
  optional,
  type ProxyResult,
  presentUser,
} from '#api';
import {
  type Clock,
  changedLimits,
  changeUser,
  isRecord,
  limitFault,
  ModelyardError,
  USER_ROLES,
  type User,
  type UserRole,
  type UserStore,
} from '#core';

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 20;

/** `GET /users` for admins, and `PATCH` and `DELETE /users/{id}` while registration is open. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function manageUsers(request) {
    const { users, accounts, platform } = deps;
    if (!users) throw new ModelyardError('route_not_found', 'This system keeps no users.');
    if (request.method === 'GET') return list(users, request);
    if (accounts?.registration !== 'open') {
      throw new ModelyardError('forbidden', 'While registration is closed, users are changed by `npm run users`.');
    }
    if (request.param('id') === request.caller.id) {
      throw new ModelyardError('forbidden', 'Your own role and state can only be changed by another admin.');
    }
    return request.method === 'DELETE'
      ? remove(deps.eraseUser ?? users.delete.bind(users), request)
      : change({ users, clock: platform.clock }, request);
  });

async function list(users: UserStore, { query }: HttpRequest): Promise<ProxyResult> {
  const cursor = query.one('cursor');
  const limit = query.integer('limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT;
  const page = await users.list({ limit, ...(cursor === undefined ? {} : { cursor }) });
  return json(200, { users: page.users.map(presentUser), next_cursor: page.nextCursor ?? null });
}

async function remove(erase: (id: string) => Promise<boolean>, request: HttpRequest): Promise<ProxyResult> {
  if (await erase(request.param('id'))) return { statusCode: 204, headers: {}, body: '' };
  throw new ModelyardError('user_not_found', 'There is no such user.');
}

function limitsFault(value: unknown): string | undefined {
  if (!isRecord(value)) return 'Must be an object.';
  const faults = Object.entries(value).map(([name, limit]) => [name, limitFault(name, limit)] as const);
  const [name, must] = faults.find(([, fault]) => fault !== undefined) ?? [];
  return must === undefined ? undefined : `${name} must be ${must}.`;
}

const RULES = {
  role: optional((value) =>
    USER_ROLES.some((role) => role === value) ? undefined : `Must be one of ${USER_ROLES.join(', ')}.`,
  ),
  disabled: optional((value) => (typeof value === 'boolean' ? undefined : 'Must be true or false.')),
  limits: optional(limitsFault),
} as const satisfies Record<string, FieldRule>;

async function change(
  deps: { readonly users: UserStore; readonly clock: Clock },
  request: HttpRequest,
): Promise<ProxyResult> {
  const fields = jsonFields(request, { what: 'a valid change of a user', rules: RULES });
  // The rules make the casts safe.
  const role = fields.role as UserRole | undefined;
  const isDisabled = fields.disabled as boolean | undefined;
  const limits = fields.limits as Readonly<Record<string, number | null>> | undefined;
  const changes: Partial<User> = {
    ...(role === undefined ? {} : { role }),
    ...(isDisabled === undefined ? {} : { isDisabled }),
  };
  const user = await changeUser(deps, request.param('id'), (current) => ({
    ...current,
    ...changes,
    ...(limits ? { limits: changedLimits(current.limits, limits) } : {}),
  }));
  return json(200, user && presentUser(user));
}
