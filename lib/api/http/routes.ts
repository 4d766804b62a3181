import type { Scope, UserRole } from '#core';

/** The routes of the submit handler, separate to keep its bundle small. */
export const SUBMIT_ROUTES = [
  route('POST', '/models/{model}/tasks', 'submit-task', 'user', 'Submit a prediction request to a model'),
  route('POST', '/predict/{model}', 'submit-task', 'user', 'Submit a prediction request and wait for its result'),
  route('POST', '/api/predict/{model}', 'submit-task', 'user', 'Predict with a flat response'),
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
  /** The role that a caller needs. `public`: nobody is asked. */
  readonly role: 'public' | UserRole;
  /** For the API documentation. */
  readonly summary: string;
}

/** The route table. API Gateway, the gateway process and OpenAPI use it. */
export const ROUTES = [
  ...SUBMIT_ROUTES,
  {
    ...route('POST', '/models/{model}/batches', 'submit-batch', 'user', 'Submit many prediction requests to a model'),
    takesLines: true,
  },
  route('GET', '/batches/{id}', 'get-batch', 'user', 'Get how many tasks of a batch are in which state'),
  route('GET', '/batches/{id}/results', 'get-batch', 'user', 'Get the tasks of a batch in order, one a line'),
  route('GET', '/tasks', 'list-tasks', 'user', 'List my tasks, newest first'),
  route('GET', '/tasks/{id}', 'get-task', 'user', 'Get a task'),
  route('GET', '/models/{model}/tasks/{id}', 'get-task', 'user', 'Get a task of a model'),
  route('POST', '/tasks/{id}/cancel', 'cancel-task', 'user', 'Cancel a task'),
  route('POST', '/tasks/{id}/retry', 'retry-task', 'user', 'Run a failed or expired task again'),
  route('GET', '/tasks/{id}/history', 'get-task', 'user', 'Get what happened to a task'),
  route('GET', '/tasks/{id}/events', 'get-task', 'user', 'Follow a task by server-sent events'),
  route('GET', '/tasks/{id}/deliveries', 'manage-webhooks', 'user', 'List webhook deliveries'),
  route('POST', '/tasks/{id}/redeliver', 'manage-webhooks', 'user', 'Send an event again'),
  route('POST', '/tasks/{id}/deliveries/redeliver', 'manage-webhooks', 'user', 'Send an event again'),
  route('GET', '/models/{model}/result', 'get-result', 'user', 'Get only the result of a task'),
  route('GET', '/models', 'list-models', 'user', 'List the active models'),
  route('GET', '/models/{model}', 'get-model', 'user', 'Get a model'),
  route('PATCH', '/models/{model}', 'change-model', 'operator', 'Choose the default contract version of a model'),
  route('GET', '/models/{model}/schema', 'get-model-schema', 'user', 'Get the contract of a model'),
  route('GET', '/models/{model}/stats', 'get-stats', 'user', 'Get how the tasks of a model ended, by minute'),
  route('GET', '/models/{model}/dead-letters', 'manage-dead-letters', 'operator', 'List the tasks that were given up'),
  route('GET', '/models/{model}/dead-letters/{id}', 'manage-dead-letters', 'operator', 'Get a dead letter'),
  route(
    'POST',
    '/models/{model}/dead-letters/redrive',
    'manage-dead-letters',
    'operator',
    'Run tasks that were given up again',
  ),
  route('GET', '/models/{model}/instances', 'list-instances', 'operator', 'List the instances of a model'),
  route('POST', '/models/{model}/instances', 'launch-instance', 'operator', 'Launch one more instance of a model'),
  route('GET', '/models/{model}/instances/{id}', 'list-instances', 'operator', 'Get an instance of a model'),
  route('DELETE', '/models/{model}/instances/{id}', 'stop-instance', 'operator', 'Drain and stop an instance'),
  route('GET', '/api/predict/services', 'list-models', 'user', 'List the instances that predict'),
  route('GET', '/api/models/available', 'list-models', 'user', 'List the instances with their variants'),
  route(
    'POST',
    '/api/models/launch/{name}',
    'launch-instance',
    'operator',
    'Launch an instance of a model or a variant',
  ),
  route(
    'GET',
    '/api/models/instances/{name}',
    'list-instances',
    'operator',
    'List the instances of a model or a variant',
  ),
  route('DELETE', '/api/models/instances/{name}', 'stop-instance', 'operator', 'Stop an instance by its id'),
  route('POST', '/register', 'authenticate-user', 'public', 'Register a user'),
  { ...route('POST', '/login', 'authenticate-user', 'public', 'Log in with a name and a password'), takesForms: true },
  route('POST', '/login/refresh', 'authenticate-user', 'public', 'Exchange a refresh token for new tokens'),
  route('GET', '/users/me', 'manage-account', 'user', 'Get who I am'),
  route('GET', '/users/me/calls', 'list-calls', 'user', 'List my calls, newest first'),
  route('GET', '/users/me/keys', 'manage-account', 'user', 'List my API keys'),
  route('POST', '/users/me/keys', 'manage-account', 'user', 'Create an API key'),
  route('DELETE', '/users/me/keys/{id}', 'manage-account', 'user', 'Delete an API key'),
  route('GET', '/users/me/webhook-secret', 'manage-webhooks', 'user', 'Get my webhook secret'),
  route('POST', '/users/me/webhook-secret/rotate', 'manage-webhooks', 'user', 'Replace my webhook secret'),
  route('GET', '/users', 'manage-users', 'admin', 'List the users'),
  route('PATCH', '/users/{id}', 'manage-users', 'admin', 'Change a user'),
  route('DELETE', '/users/{id}', 'manage-users', 'admin', 'Delete a user'),
  route('GET', '/calls', 'list-calls', 'admin', 'List the calls of all users, newest first'),
  route('GET', '/metrics', 'get-metrics', 'operator', 'Get metrics in the text format of Prometheus'),
  route('GET', '/openapi.json', 'get-openapi', 'public', 'Get the OpenAPI document'),
  route('GET', '/', 'get-console', 'public', 'Show the console, or an index of links as JSON'),
  route('GET', '/console/{file}', 'get-console', 'public', 'Get a file of the console'),
  route('GET', '/docs', 'get-docs', 'public', 'Show the interactive API documentation'),
  route('GET', '/docs/{file}', 'get-docs', 'public', 'Get a file of the documentation page'),
  route('GET', '/healthz', 'health', 'public', 'Check whether the process answers'),
  route('GET', '/readyz', 'health', 'public', 'Check whether queue, store and registry answer'),
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

/** A row of the table. */
function route<const M extends Method, const P extends Route['path'], const H extends HandlerName>(
  method: M,
  path: P,
  handler: H,
  role: Route['role'],
  summary: string,
) {
  return { method, path, handler, role, summary };
}
