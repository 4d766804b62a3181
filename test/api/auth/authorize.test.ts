import { describe, expect, it } from 'vitest';
import {
  ALL_ROUTES,
  httpHandler,
  json,
  type ProxyContext,
  type ProxyEvent,
  principalOf,
  type Route,
  toPrincipalContext,
} from '#api';
import { type AuthKind, type Principal, SCOPES, type Scope, USER_ROLES } from '#core';
import { silentLogger as logger } from '#test/support/silent-logger.ts';

const ANN: Principal = { id: 'a1', name: 'ann', role: 'user' };

const eventOf = ({ method, path }: Route, authorizer: Record<string, unknown> | null): ProxyEvent => ({
  httpMethod: method,
  resource: path,
  path,
  pathParameters: path.includes('{model}') ? { model: 'model_a' } : {},
  requestContext: { authorizer },
});

const OWN = ALL_ROUTES.filter(({ handler }) => handler === 'lifecycle');

/** What a handler behind a route answers to a caller; its body is the caller's id. */
async function ask(route: Route, authorizer: Record<string, unknown> | null, auth: AuthKind = 'jwt') {
  const handler = httpHandler(
    { logger, auth },
    async (request) => json(200, route.role === 'public' ? 'anybody' : request.caller.id),
    { routes: OWN },
  );
  const { statusCode, headers, body } = await handler(eventOf(route, authorizer), {
    awsRequestId: '1',
  } as ProxyContext);
  return { statusCode, headers, body: JSON.parse(body) };
}

const asks = (principal: Principal) => (route: Route) => ask(route, toPrincipalContext(principal));
const named = ALL_ROUTES.map((route: Route) => ({ ...route, name: `${route.method} ${route.path}` }));
const guarded = named.filter(({ role }) => role !== 'public');

describe('the routes that nobody is asked about', () => {
  it('are health, the console, documentation and login', () => {
    const open = named.filter(({ role }) => role === 'public').map(({ path }) => path);

    expect(open.toSorted()).toEqual([
      ...['/', '/console/{file}', '/docs', '/docs/{file}', '/healthz', '/login', '/login/refresh', '/openapi.json'],
      ...['/readyz', '/register'],
    ]);
  });
});

describe.each(named)('$name', (route) => {
  it.each(USER_ROLES)(`lets %s in when that includes ${route.role}`, async (role) => {
    const needed = route.role === 'public' ? 0 : USER_ROLES.indexOf(route.role);

    const { statusCode } = await asks({ ...ANN, role })(route);

    expect(statusCode).toBe(USER_ROLES.indexOf(role) >= needed ? 200 : 403);
  });
});

describe.each(guarded)('$name', (route) => {
  it.each([
    null,
    {},
    { principalId: '' },
    { principalId: undefined },
    { principalId: null },
    { principalId: 7 },
    { principalId: ['a1'] },
    { name: 'ann', role: 'admin' },
    { principalId: 'a1', role: 'root' },
    { principalId: 'a1', role: '' },
    { principalId: 'a1', role: ['admin'] },
    { principalId: 'a1', name: 7 },
  ])('answers 401 with a challenge to a principal that is missing or malformed: %o', async (authorizer) => {
    const { statusCode, headers, body } = await ask(route, authorizer);

    expect(statusCode).toBe(401);
    expect(body.type).toBe('/problems/unauthenticated');
    expect(headers['WWW-Authenticate']).toBe('Bearer realm="modelyard"');
  });

  it('knows everybody as the local user with AUTH=none only', async () => {
    expect(await ask(route, null, 'none')).toMatchObject({ statusCode: 200, body: 'local' });
    expect((await ask(route, null, 'oidc')).statusCode).toBe(401);
  });

  it('needs one of its scopes of a key that has scopes', async () => {
    const scopes: readonly Scope[] = ['predict', 'read', 'operate'];
    const admin: Principal = { ...ANN, role: 'admin', key: 'k1' };

    const answers = await Promise.all(scopes.map((scope) => asks({ ...admin, scopes: [scope] })(route)));

    const allowed = scopes.filter((_, at) => answers[at]?.statusCode === 200);
    expect(allowed).toEqual(EXPECTED_SCOPES(route));
    expect((await asks({ ...admin, scopes: [] })(route)).statusCode).toBe(403);
  });

  it('is closed to a key of other models, and to one of named models where the path names none', async () => {
    const own = await asks({ ...ANN, role: 'admin', models: ['model_a'] })(route);
    const other = await asks({ ...ANN, role: 'admin', models: ['model_b'] })(route);

    expect([own.statusCode, other.statusCode]).toEqual([route.path.includes('{model}') ? 200 : 403, 403]);
  });
});

/** Changes of the lifecycle by programs of operators. */
const BUILDING = /^.(datasets|recipes|entities|feature-views|training-sets|mlflow|pipelines|alert-rules|silences)\b/;

/** Written down apart from the code that decides. */
function EXPECTED_SCOPES({ method, path }: Route): readonly Scope[] {
  if (path === '/outcomes') return ['predict'];
  if (BUILDING.test(path) && method !== 'GET' && !path.includes('/predict/')) return ['operate'];
  if (/^\/models\/.*(deployments|rollback|monitor)$/.test(path) && method !== 'GET') return ['operate'];
  if (/^.alert-rules$|^.alerts.*deliveries$/.test(path)) return ['read', 'operate'];
  if (/predict\/\{model\}$|\/(tasks|batches|uploads)$|\/(cancel|retry|redeliver)$/.test(path) && method === 'POST')
    return ['predict'];
  if (path === '/models/{model}' && method === 'PATCH') return ['operate'];
  if (/instances|launch|metrics|dead-letters|logs/.test(path))
    return method === 'GET' ? ['read', 'operate'] : ['operate'];
  if (path === '/users/me') return ['predict', 'read'];
  return /^\/users|^\/calls/.test(path) ? [] : ['predict', 'read'];
}

it('a HEAD request is answered as its GET', async () => {
  const [open, closed] = ['/healthz', '/tasks'].map((path) => named.find((route) => route.path === path));
  const head = async (route: Route | undefined) => {
    if (!route) throw new Error('The route is gone.');
    const event = { ...eventOf(route, null), httpMethod: 'HEAD' };
    return (await httpHandler({ logger }, async () => json(200, ''))(event, { awsRequestId: '1' } as ProxyContext))
      .statusCode;
  };

  expect([await head(open), await head(closed)]).toEqual([200, 401]);
});

it('a route that is not in the table leads nowhere', async () => {
  const route = { ...guarded[0], path: '/secrets' } as Route;

  expect((await asks({ ...ANN, role: 'admin' })(route)).statusCode).toBe(404);
});

describe('a principal', () => {
  it.each<Principal>([
    ANN,
    { ...ANN, role: 'operator', key: 'k', scopes: [], models: [] },
    { ...ANN, role: 'admin', scopes: SCOPES, models: ['model_a', 'model_b'] },
  ])('is the same after its way through API Gateway: %o', (principal) => {
    expect(principalOf({ requestContext: { authorizer: toPrincipalContext(principal) } })).toEqual(principal);
  });

  it('is a user where an authorizer says no more than who it is', () => {
    expect(principalOf({ requestContext: { authorizer: { principalId: 'x' } } })).toEqual({
      id: 'x',
      name: 'x',
      role: 'user',
    });
  });
});
