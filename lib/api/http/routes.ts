import type { Scope, UserRole } from '#core';

/** The routes of the submit handler, separate to keep its bundle small. */
export const SUBMIT_ROUTES = [
  route('POST', '/models/{model}/tasks', 'submit-task', 'user'),
  route('POST', '/predict/{model}', 'submit-task', 'user'),
  route('POST', '/api/predict/{model}', 'submit-task', 'user'),
] as const satisfies readonly Route[];

/** All HTTP handlers. Each is a folder of `lambdas/`. */
export const HANDLER_NAMES = [
  'submit-task',
  'submit-batch',
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
    ...route('POST', '/models/{model}/batches', 'submit-batch', 'user'),
    takesLines: true,
  },
  route('GET', '/batches/{id}', 'get-batch', 'user'),
  route('GET', '/batches/{id}/results', 'get-batch', 'user'),
  route('GET', '/tasks', 'list-tasks', 'user'),
  route('GET', '/tasks/{id}', 'get-task', 'user'),
  route('GET', '/models/{model}/tasks/{id}', 'get-task', 'user'),
  route('POST', '/tasks/{id}/cancel', 'cancel-task', 'user'),
  route('POST', '/tasks/{id}/retry', 'retry-task', 'user'),
  route('GET', '/tasks/{id}/history', 'get-task', 'user'),
  route('GET', '/tasks/{id}/events', 'get-task', 'user'),
  route('GET', '/tasks/{id}/deliveries', 'manage-webhooks', 'user'),
  route('POST', '/tasks/{id}/redeliver', 'manage-webhooks', 'user'),
  route('POST', '/tasks/{id}/deliveries/redeliver', 'manage-webhooks', 'user'),
  route('GET', '/models/{model}/result', 'get-result', 'user'),
  route('GET', '/models', 'list-models', 'user'),
  route('GET', '/models/{model}', 'get-model', 'user'),
  route('PATCH', '/models/{model}', 'change-model', 'operator'),
  route('GET', '/models/{model}/schema', 'get-model-schema', 'user'),
  route('GET', '/models/{model}/stats', 'get-stats', 'user'),
  route('GET', '/models/{model}/dead-letters', 'manage-dead-letters', 'operator'),
  route('GET', '/models/{model}/dead-letters/{id}', 'manage-dead-letters', 'operator'),
  route('POST', '/models/{model}/dead-letters/redrive', 'manage-dead-letters', 'operator'),
  route('GET', '/models/{model}/logs', 'list-instances', 'operator'),
  route('GET', '/models/{model}/instances', 'list-instances', 'operator'),
  route('POST', '/models/{model}/instances', 'launch-instance', 'operator'),
  route('GET', '/models/{model}/instances/{id}', 'list-instances', 'operator'),
  route('DELETE', '/models/{model}/instances/{id}', 'stop-instance', 'operator'),
  route('GET', '/api/predict/services', 'list-models', 'user'),
  route('GET', '/api/models/available', 'list-models', 'user'),
  route('POST', '/api/models/launch/{name}', 'launch-instance', 'operator'),
  route('GET', '/api/models/instances/{name}', 'list-instances', 'operator'),
  route('DELETE', '/api/models/instances/{name}', 'stop-instance', 'operator'),
  route('POST', '/register', 'authenticate-user', 'public'),
  { ...route('POST', '/login', 'authenticate-user', 'public'), takesForms: true },
  route('POST', '/login/refresh', 'authenticate-user', 'public'),
  route('GET', '/users/me', 'manage-account', 'user'),
  route('GET', '/users/me/calls', 'list-calls', 'user'),
  route('GET', '/users/me/keys', 'manage-account', 'user'),
  route('POST', '/users/me/keys', 'manage-account', 'user'),
  route('DELETE', '/users/me/keys/{id}', 'manage-account', 'user'),
  route('GET', '/users/me/webhook-secret', 'manage-webhooks', 'user'),
  route('POST', '/users/me/webhook-secret/rotate', 'manage-webhooks', 'user'),
  route('GET', '/users', 'manage-users', 'admin'),
  route('PATCH', '/users/{id}', 'manage-users', 'admin'),
  route('DELETE', '/users/{id}', 'manage-users', 'admin'),
  route('GET', '/calls', 'list-calls', 'admin'),
  route('GET', '/metrics', 'get-metrics', 'operator'),
  route('GET', '/openapi.json', 'get-openapi', 'public'),
  route('GET', '/', 'get-console', 'public'),
  route('GET', '/console/{file}', 'get-console', 'public'),
  route('GET', '/docs', 'get-docs', 'public'),
  route('GET', '/docs/{file}', 'get-docs', 'public'),
  route('GET', '/healthz', 'health', 'public'),
  route('GET', '/readyz', 'health', 'public'),
] as const satisfies readonly Route[];

/** Handlers that change tasks of the caller. */
const STEERED_BY_CALLERS: ReadonlySet<Route['handler']> = new Set([
  'submit-task',
  'submit-batch',
  'cancel-task',
  'retry-task',
]);

/** The scopes of which an API key needs one, if it has any. Keys with scopes are not for users, keys and calls. */
export function scopesOf({ method, path, role, handler }: Route): readonly Scope[] {
  if (STEERED_BY_CALLERS.has(handler) || path.endsWith('/redeliver')) return ['predict'];
  if (role === 'operator') return method === 'GET' ? ['operate', 'read'] : ['operate'];
  const isRead = role === 'user' && method === 'GET' && !path.startsWith('/users/me/');
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
  role: Route['role'],
) {
  return { method, path, handler, role };
}
