import type { Scope, UserRole } from '#core';

/** The routes of the submit handler, separate to keep its bundle small. */
export const SUBMIT_ROUTES = [
  post('/models/{model}/tasks', 'submit-task'),
  post('/predict/{model}', 'submit-task'),
  post('/api/predict/{model}', 'submit-task'),
] as const satisfies readonly Route[];

/** All HTTP handlers. Each is a folder of `lambdas/`. */
export const HANDLER_NAMES = [
  'submit-task',
  'submit-batch',
  'manage-uploads',
  'get-batch',
  'get-task',
  'get-result',
  'list-tasks',
  'list-calls',
  'cancel-task',
  'retry-task',
  'manage-webhooks',
  'manage-dead-letters',
  'get-stats',
  'list-models',
  'get-model',
  'change-model',
  'get-model-schema',
  'get-openapi',
  'get-docs',
  'get-console',
  'list-instances',
  'launch-instance',
  'stop-instance',
  'authenticate-user',
  'manage-account',
  'manage-users',
  'get-metrics',
  'health',
] as const;

export type HandlerName = (typeof HANDLER_NAMES)[number];
/** The lifecycle is a handler of its own, which only deployments with a lifecycle have. */
export type RoutedHandlerName = HandlerName | 'lifecycle';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** One route of the HTTP API. */
export interface Route {
  readonly method: Method;
  /** Parameters in braces: `/models/{model}/tasks`. */
  readonly path: `/${string}`;
  readonly handler: RoutedHandlerName;
  /** Takes a form besides JSON. */
  readonly takesForms?: boolean;
  /** Takes NDJSON besides JSON. */
  readonly takesLines?: boolean;
  /** Takes tables besides JSON: CSV, JSON lines and Parquet. */
  readonly takesFiles?: boolean;
  /** The role that a caller needs. `public`: no authentication. */
  readonly role: 'public' | UserRole;
  /** One line of documentation. @default that of `SUMMARIES`, which is separate to keep bundles small */
  readonly summary?: string;
}

/** The route table. API Gateway, the gateway process and OpenAPI use it. */
export const ROUTES = [
  ...SUBMIT_ROUTES,
  {
    ...post('/models/{model}/batches', 'submit-batch'),
    takesLines: true,
  },
  post('/models/{model}/uploads', 'manage-uploads'),
  post('/models/{model}/uploads/{id}/tasks', 'manage-uploads'),
  get('/batches/{id}', 'get-batch'),
  get('/batches/{id}/results', 'get-batch'),
  get('/tasks', 'list-tasks'),
  get('/events', 'list-tasks'),
  get('/tasks/{id}', 'get-task'),
  get('/models/{model}/tasks/{id}', 'get-task'),
  post('/tasks/{id}/cancel', 'cancel-task'),
  post('/tasks/{id}/retry', 'retry-task'),
  get('/tasks/{id}/history', 'get-task'),
  get('/tasks/{id}/events', 'get-task'),
  get('/tasks/{id}/deliveries', 'manage-webhooks'),
  post('/tasks/{id}/redeliver', 'manage-webhooks'),
  post('/tasks/{id}/deliveries/redeliver', 'manage-webhooks'),
  get('/models/{model}/result', 'get-result'),
  get('/models', 'list-models'),
  get('/models/{model}', 'get-model'),
  route('PATCH', '/models/{model}', 'change-model', 'operator'),
  get('/models/{model}/schema', 'get-model-schema'),
  get('/models/{model}/stats', 'get-stats'),
  get('/models/{model}/dead-letters', 'manage-dead-letters', 'operator'),
  get('/models/{model}/dead-letters/{id}', 'manage-dead-letters', 'operator'),
  post('/models/{model}/dead-letters/redrive', 'manage-dead-letters', 'operator'),
  get('/models/{model}/logs', 'list-instances', 'operator'),
  get('/models/{model}/instances', 'list-instances', 'operator'),
  post('/models/{model}/instances', 'launch-instance', 'operator'),
  get('/models/{model}/instances/{id}', 'list-instances', 'operator'),
  route('DELETE', '/models/{model}/instances/{id}', 'stop-instance', 'operator'),
  get('/api/predict/services', 'list-models'),
  get('/api/models/available', 'list-models'),
  post('/api/models/launch/{name}', 'launch-instance', 'operator'),
  get('/api/models/instances/{name}', 'list-instances', 'operator'),
  route('DELETE', '/api/models/instances/{name}', 'stop-instance', 'operator'),
  post('/register', 'authenticate-user', 'public'),
  { ...post('/login', 'authenticate-user', 'public'), takesForms: true },
  post('/login/refresh', 'authenticate-user', 'public'),
  get('/users/me', 'manage-account'),
  get('/users/me/calls', 'list-calls'),
  get('/users/me/keys', 'manage-account'),
  post('/users/me/keys', 'manage-account'),
  route('DELETE', '/users/me/keys/{id}', 'manage-account'),
  get('/users/me/webhook-secret', 'manage-webhooks'),
  post('/users/me/webhook-secret/rotate', 'manage-webhooks'),
  get('/users', 'manage-users', 'admin'),
  route('PATCH', '/users/{id}', 'manage-users', 'admin'),
  route('DELETE', '/users/{id}', 'manage-users', 'admin'),
  get('/calls', 'list-calls', 'admin'),
  get('/metrics', 'get-metrics', 'operator'),
  get('/openapi.json', 'get-openapi', 'public'),
  get('/', 'get-console', 'public'),
  get('/console/{file}', 'get-console', 'public'),
  get('/docs', 'get-docs', 'public'),
  get('/docs/{file}', 'get-docs', 'public'),
  get('/healthz', 'health', 'public'),
  get('/readyz', 'health', 'public'),
] as const satisfies readonly Route[];

/** Handlers that change tasks of the caller. */
const STEERED_BY_CALLERS: ReadonlySet<Route['handler']> = new Set([
  'submit-task',
  'submit-batch',
  'manage-uploads',
  'cancel-task',
  'retry-task',
]);

/** Reads although it is a `POST`, as Feast's clients need it. */
const READ_BY_POST = '/get-online-features';
/** Paths of requests that belong to predictions of the caller. */
const OF_PREDICTIONS = /\/redeliver$|^\/entities\/.*\/predict\/|^\/outcomes$/;

/** The scopes of which an API key needs one, if it has any. Keys with scopes are not for users, keys and calls. */
export function scopesOf({ method, path, role, handler }: Route): readonly Scope[] {
  if (STEERED_BY_CALLERS.has(handler) || OF_PREDICTIONS.test(path)) return ['predict'];
  if (role === 'operator') return method === 'GET' ? ['operate', 'read'] : ['operate'];
  const isRead = role === 'user' && !path.startsWith('/users/me/') && (method === 'GET' || path === READ_BY_POST);
  return isRead ? ['read', 'predict'] : [];
}

export type RoutePath = (typeof ROUTES)[number]['path'];

type KeyOf<R> = R extends { method: infer M extends string; path: infer P extends string } ? `${M} ${P}` : never;
/** Method and path, for example `GET /tasks`. */
export type RouteKey = KeyOf<(typeof ROUTES)[number]>;

/** A row of the table. */
function route<const M extends Method, const P extends Route['path'], const H extends HandlerName>(
  method: M,
  path: P,
  handler: H,
  role: Route['role'] = 'user',
) {
  return { method, path, handler, role };
}

function get<const P extends Route['path'], const H extends HandlerName>(path: P, handler: H, role?: Route['role']) {
  return route('GET', path, handler, role);
}

function post<const P extends Route['path'], const H extends HandlerName>(path: P, handler: H, role?: Route['role']) {
  return route('POST', path, handler, role);
}
