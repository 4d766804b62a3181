/** The routes of the submit handler, separate to keep its bundle small. */
export const SUBMIT_ROUTES = [
  {
    method: 'POST',
    path: '/models/{model}/tasks',
    handler: 'submit-task',
    auth: 'caller',
    summary: 'Submit a prediction request to a model',
  },
  {
    method: 'POST',
    path: '/predict/{model}',
    handler: 'submit-task',
    auth: 'caller',
    summary: 'Submit a prediction request and wait for its result',
  },
  {
    method: 'POST',
    path: '/api/predict/{model}',
    handler: 'submit-task',
    auth: 'caller',
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
  /** `caller`: authenticated callers only. `none`: public. */
  readonly auth: 'caller' | 'none';
  /** For the API documentation. */
  readonly summary: string;
}

/** The route table. API Gateway, the gateway process and OpenAPI use it. */
export const ROUTES = [
  ...SUBMIT_ROUTES,
  { method: 'GET', path: '/tasks', handler: 'list-tasks', auth: 'caller', summary: 'List my tasks, newest first' },
  { method: 'GET', path: '/tasks/{id}', handler: 'get-task', auth: 'caller', summary: 'Get a task' },
  {
    method: 'GET',
    path: '/models/{model}/tasks/{id}',
    handler: 'get-task',
    auth: 'caller',
    summary: 'Get a task of a model',
  },
  {
    method: 'GET',
    path: '/models/{model}/result',
    handler: 'get-result',
    auth: 'caller',
    summary: 'Get only the result of a task',
  },
  { method: 'GET', path: '/models', handler: 'list-models', auth: 'caller', summary: 'List the active models' },
  { method: 'GET', path: '/models/{model}', handler: 'get-model', auth: 'caller', summary: 'Get a model' },
  {
    method: 'GET',
    path: '/models/{model}/schema',
    handler: 'get-model-schema',
    auth: 'caller',
    summary: 'Get the contract of a model',
  },
  {
    method: 'GET',
    path: '/models/{model}/instances',
    handler: 'list-instances',
    auth: 'caller',
    summary: 'List the instances of a model',
  },
  {
    method: 'POST',
    path: '/models/{model}/instances',
    handler: 'launch-instance',
    auth: 'caller',
    summary: 'Launch one more instance of a model',
  },
  {
    method: 'GET',
    path: '/models/{model}/instances/{id}',
    handler: 'list-instances',
    auth: 'caller',
    summary: 'Get an instance of a model',
  },
  {
    method: 'DELETE',
    path: '/models/{model}/instances/{id}',
    handler: 'stop-instance',
    auth: 'caller',
    summary: 'Drain and stop an instance',
  },
  {
    method: 'GET',
    path: '/api/predict/services',
    handler: 'list-models',
    auth: 'caller',
    summary: 'List the instances that predict',
  },
  {
    method: 'GET',
    path: '/api/models/available',
    handler: 'list-models',
    auth: 'caller',
    summary: 'List the instances with their variants',
  },
  {
    method: 'POST',
    path: '/api/models/launch/{name}',
    handler: 'launch-instance',
    auth: 'caller',
    summary: 'Launch an instance of a model or a variant',
  },
  {
    method: 'GET',
    path: '/api/models/instances/{name}',
    handler: 'list-instances',
    auth: 'caller',
    summary: 'List the instances of a model or a variant',
  },
  {
    method: 'DELETE',
    path: '/api/models/instances/{name}',
    handler: 'stop-instance',
    auth: 'caller',
    summary: 'Stop an instance by its id',
  },
  {
    method: 'GET',
    path: '/metrics',
    handler: 'get-metrics',
    auth: 'caller',
    summary: 'Get metrics in the text format of Prometheus',
  },
  {
    method: 'GET',
    path: '/openapi.json',
    handler: 'get-openapi',
    auth: 'none',
    summary: 'Get the OpenAPI document',
  },
  {
    method: 'GET',
    path: '/docs',
    handler: 'get-docs',
    auth: 'none',
    summary: 'Show the interactive API documentation',
  },
  {
    method: 'GET',
    path: '/docs/{file}',
    handler: 'get-docs',
    auth: 'none',
    summary: 'Get a file of the documentation page',
  },
  { method: 'GET', path: '/healthz', handler: 'health', auth: 'none', summary: 'Check whether the process answers' },
  {
    method: 'GET',
    path: '/readyz',
    handler: 'health',
    auth: 'none',
    summary: 'Check whether queue, store and registry answer',
  },
] as const satisfies readonly Route[];

export type RoutePath = (typeof ROUTES)[number]['path'];
