import type { Scope, UserRole } from '#core';

/** The routes of the submit handler, separate to keep its bundle small. */
export const SUBMIT_ROUTES = [
  {
    method: 'POST',
    path: '/models/{model}/tasks',
    handler: 'submit-task',
    role: 'user',
    summary: 'Submit a prediction request to a model',
  },
  {
    method: 'POST',
    path: '/predict/{model}',
    handler: 'submit-task',
    role: 'user',
    summary: 'Submit a prediction request and wait for its result',
  },
  {
    method: 'POST',
    path: '/api/predict/{model}',
    handler: 'submit-task',
    role: 'user',
    summary: 'Predict with a flat response',
  },
] as const satisfies readonly Route[];

/** All HTTP handlers. Each is a folder of `lambdas/`. */
export const HANDLER_NAMES = [
  'submit-task',
  'get-task',
  'get-result',
  'list-tasks',
  'list-models',
  'get-model',
  'get-model-schema',
  'get-openapi',
  'get-docs',
  'list-instances',
  'launch-instance',
  'stop-instance',
  'get-metrics',
  'health',
] as const;

export type HandlerName = (typeof HANDLER_NAMES)[number];

export const METHODS = ['GET', 'POST', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** One route of the HTTP API. */
export interface Route {
  readonly method: Method;
  /** Parameters in braces: `/models/{model}/tasks`. */
  readonly path: `/${string}`;
  readonly handler: HandlerName;
  /** The role that a caller needs. `public`: nobody is asked. */
  readonly role: 'public' | UserRole;
  /** For the API documentation. */
  readonly summary: string;
}

/** The route table. API Gateway, the gateway process and OpenAPI use it. */
export const ROUTES = [
  ...SUBMIT_ROUTES,
  { method: 'GET', path: '/tasks', handler: 'list-tasks', role: 'user', summary: 'List my tasks, newest first' },
  { method: 'GET', path: '/tasks/{id}', handler: 'get-task', role: 'user', summary: 'Get a task' },
  {
    method: 'GET',
    path: '/models/{model}/tasks/{id}',
    handler: 'get-task',
    role: 'user',
    summary: 'Get a task of a model',
  },
  {
    method: 'GET',
    path: '/models/{model}/result',
    handler: 'get-result',
    role: 'user',
    summary: 'Get only the result of a task',
  },
  { method: 'GET', path: '/models', handler: 'list-models', role: 'user', summary: 'List the active models' },
  { method: 'GET', path: '/models/{model}', handler: 'get-model', role: 'user', summary: 'Get a model' },
  {
    method: 'GET',
    path: '/models/{model}/schema',
    handler: 'get-model-schema',
    role: 'user',
    summary: 'Get the contract of a model',
  },
  {
    method: 'GET',
    path: '/models/{model}/instances',
    handler: 'list-instances',
    role: 'operator',
    summary: 'List the instances of a model',
  },
  {
    method: 'POST',
    path: '/models/{model}/instances',
    handler: 'launch-instance',
    role: 'operator',
    summary: 'Launch one more instance of a model',
  },
  {
    method: 'GET',
    path: '/models/{model}/instances/{id}',
    handler: 'list-instances',
    role: 'operator',
    summary: 'Get an instance of a model',
  },
  {
    method: 'DELETE',
    path: '/models/{model}/instances/{id}',
    handler: 'stop-instance',
    role: 'operator',
    summary: 'Drain and stop an instance',
  },
  {
    method: 'GET',
    path: '/api/predict/services',
    handler: 'list-models',
    role: 'user',
    summary: 'List the instances that predict',
  },
  {
    method: 'GET',
    path: '/api/models/available',
    handler: 'list-models',
    role: 'user',
    summary: 'List the instances with their variants',
  },
  {
    method: 'POST',
    path: '/api/models/launch/{name}',
    handler: 'launch-instance',
    role: 'operator',
    summary: 'Launch an instance of a model or a variant',
  },
  {
    method: 'GET',
    path: '/api/models/instances/{name}',
    handler: 'list-instances',
    role: 'operator',
    summary: 'List the instances of a model or a variant',
  },
  {
    method: 'DELETE',
    path: '/api/models/instances/{name}',
    handler: 'stop-instance',
    role: 'operator',
    summary: 'Stop an instance by its id',
  },
  {
    method: 'GET',
    path: '/metrics',
    handler: 'get-metrics',
    role: 'operator',
    summary: 'Get metrics in the text format of Prometheus',
  },
  {
    method: 'GET',
    path: '/openapi.json',
    handler: 'get-openapi',
    role: 'public',
    summary: 'Get the OpenAPI document',
  },
  {
    method: 'GET',
    path: '/docs',
    handler: 'get-docs',
    role: 'public',
    summary: 'Show the interactive API documentation',
  },
  {
    method: 'GET',
    path: '/docs/{file}',
    handler: 'get-docs',
    role: 'public',
    summary: 'Get a file of the documentation page',
  },
  { method: 'GET', path: '/healthz', handler: 'health', role: 'public', summary: 'Check whether the process answers' },
  {
    method: 'GET',
    path: '/readyz',
    handler: 'health',
    role: 'public',
    summary: 'Check whether queue, store and registry answer',
  },
] as const satisfies readonly Route[];

/** The scopes of which an API key needs one, if it has any. Keys with scopes are not for users and keys. */
export function scopesOf({ method, role, handler }: Route): readonly Scope[] {
  if (handler === 'submit-task') return ['predict'];
  if (role === 'operator') return method === 'GET' ? ['operate', 'read'] : ['operate'];
  return role === 'user' && method === 'GET' ? ['read', 'predict'] : [];
}

export type RoutePath = (typeof ROUTES)[number]['path'];
