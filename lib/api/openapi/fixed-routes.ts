import { AUTH_KINDS, USER_ROLES } from '#core';
import { JSON_SCHEMA_TYPE, JSON_TYPE, PROTOBUF_TYPE } from '../http/negotiation.ts';
import { BATCH_ROUTES } from './batch-routes.ts';
import { HEADERS, PARAMETERS } from './headers.ts';
import { GATEWAY_ROUTES, INSTANCE_ROUTES } from './instance-routes.ts';

import {
  BODY_PROBLEMS,
  binarySchema,
  emptyResponse,
  jsonResponse,
  MODEL_PARAMETER,
  pathParameter,
  queryParameter,
  type RouteDoc,
  type RouteDocs,
  type RouteKey,
  response,
  schemaRef,
} from './route-doc.ts';
import { STATS_ROUTES } from './stats-schemas.ts';
import { STEERING_ROUTES } from './steering-routes.ts';
import { TASK_ROUTES } from './task-routes.ts';
import { UPLOAD_ROUTES } from './upload-routes.ts';
import { USER_ROUTES } from './user-routes.ts';
import { WEBHOOK_ROUTES } from './webhook-routes.ts';

const MODEL_ROUTES = {
  'GET /models': {
    operationId: 'list_models',
    tag: 'Models',
    description: 'The list is at most 5 seconds old.',
    parameters: [
      queryParameter('all', '`true` also lists models without a ready instance.', {
        type: 'string',
        enum: ['true', 'false'],
      }),
      queryParameter('dead_letters', 'For operators: `true` also counts the tasks that were given up.', {
        type: 'string',
        enum: ['true', 'false'],
      }),
    ],
    responses: { '200': jsonResponse('The models.', schemaRef('ModelList')) },
    problems: ['not_acceptable', 'registry_unavailable'],
  },
  'GET /models/{model}': {
    operationId: 'get_model',
    tag: 'Models',
    parameters: [MODEL_PARAMETER],
    responses: { '200': jsonResponse('The model.', schemaRef('DetailedModel')) },
    problems: ['model_not_found', 'not_acceptable', 'registry_unavailable'],
  },
  'PATCH /models/{model}': {
    operationId: 'change_model',
    tag: 'Models',
    description: 'Moves the bare name of the model to another contract version. The name must not have a version.',
    parameters: [MODEL_PARAMETER],
    requestBody: {
      required: true,
      content: { [JSON_TYPE]: { schema: schemaRef('ModelChange'), example: { default_version: 2 } } },
    },
    responses: { '200': jsonResponse('The model.', schemaRef('ChangedModel')) },
    problems: [...BODY_PROBLEMS, 'model_not_found', 'registry_unavailable'],
  },
  'GET /models/{model}/schema': {
    operationId: 'get_model_schema',
    tag: 'Models',
    description: 'The contract of the model. The Accept header selects the format.',
    parameters: [MODEL_PARAMETER],
    responses: {
      '200': response(
        'The contract.',
        {
          [JSON_SCHEMA_TYPE]: { schema: { type: 'object', description: 'JSON Schema (2020-12) of both messages.' } },
          [JSON_TYPE]: { schema: { type: 'object', description: 'JSON Schema (2020-12) of both messages.' } },
          'text/plain': { schema: { type: 'string', description: 'The .proto files.' } },
          [PROTOBUF_TYPE]: {
            schema: binarySchema(PROTOBUF_TYPE, 'A `google.protobuf.FileDescriptorSet`, with imports.'),
          },
        },
        { ...HEADERS.vary, ...HEADERS.contentDisposition },
      ),
    },
    problems: ['model_not_found', 'not_acceptable', 'registry_unavailable'],
  },
} as const satisfies RouteDocs;

const OPERATION_ROUTES = {
  'GET /metrics': {
    operationId: 'get_metrics',
    tag: 'Operations',
    responses: { '200': response('The metrics.', { 'text/plain': { schema: { type: 'string' } } }) },
    problems: ['registry_unavailable'],
  },
  'GET /healthz': {
    operationId: 'get_health',
    tag: 'Operations',
    responses: { '200': jsonResponse('The process answers.', schemaRef('Health')) },
    problems: [],
  },
  'GET /readyz': {
    operationId: 'get_readiness',
    tag: 'Operations',
    responses: { '200': jsonResponse('Queue, store and registry answer.', schemaRef('Health')) },
    problems: ['registry_unavailable'],
  },
} as const satisfies RouteDocs;

const UNCHANGED = { '304': emptyResponse('The client has the current version.', HEADERS.etag) };

const FILE_RESPONSES = {
  '200': response(
    'The file.',
    { 'text/css': { schema: { type: 'string' } }, 'text/javascript': { schema: { type: 'string' } } },
    HEADERS.etag,
  ),
  ...UNCHANGED,
};

const text = (description: string) => ({ type: 'string', description });

const INDEX = {
  type: 'object',
  description: 'Where things are.',
  properties: {
    name: text('The name of the system.'),
    auth: { type: 'string', enum: AUTH_KINDS, description: 'How callers are authenticated.' },
    registration: {
      type: ['string', 'null'],
      description: 'Whether users may register themselves.',
    },
    links: { type: 'object', additionalProperties: { type: 'string', format: 'uri-reference' } },
    routes: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          method: text('The HTTP method.'),
          path: text('The path, with parameters in braces.'),
          role: { type: 'string', enum: ['public', ...USER_ROLES], description: 'The role that a caller needs.' },
          summary: text('What the route does.'),
        },
        required: ['method', 'path', 'role', 'summary'],
      },
    },
  },
  required: ['name', 'auth', 'registration', 'links', 'routes'],
} as const;

const DOCUMENT_ROUTES = {
  'GET /': {
    operationId: 'get_index',
    tag: 'Documentation',
    description: 'Browsers get the console. Other clients get the links and routes of the API as JSON.',
    parameters: [PARAMETERS.ifNoneMatch],
    responses: {
      '200': response(
        'The index, or the console.',
        { [JSON_TYPE]: { schema: INDEX }, 'text/html': { schema: { type: 'string' } } },
        { ...HEADERS.vary, ...HEADERS.etag },
      ),
      ...UNCHANGED,
    },
    problems: ['not_acceptable'],
  },
  'GET /console/{file}': {
    operationId: 'get_console_file',
    tag: 'Documentation',
    parameters: [pathParameter('file', 'A file of the console.'), PARAMETERS.ifNoneMatch],
    responses: FILE_RESPONSES,
    problems: ['route_not_found'],
  },
  'GET /openapi.json': {
    operationId: 'get_openapi',
    tag: 'Documentation',
    description: 'Generated from the contracts of the active models.',
    parameters: [
      queryParameter('json_only', '`true` gives OpenAPI 3.0 with bodies in JSON alone, for generators of clients.', {
        type: 'string',
        enum: ['true', 'false'],
      }),
      PARAMETERS.ifNoneMatch,
    ],
    responses: {
      '200': jsonResponse('The OpenAPI 3.1 document.', { type: 'object' }, HEADERS.etag),
      ...UNCHANGED,
    },
    problems: ['not_acceptable', 'registry_unavailable'],
  },
  'GET /docs': {
    operationId: 'get_docs',
    tag: 'Documentation',
    parameters: [PARAMETERS.ifNoneMatch],
    responses: {
      '200': response('The page.', { 'text/html': { schema: { type: 'string' } } }, HEADERS.etag),
      ...UNCHANGED,
    },
    problems: [],
  },
  'GET /docs/{file}': {
    operationId: 'get_docs_file',
    tag: 'Documentation',
    parameters: [pathParameter('file', 'A file of the page.'), PARAMETERS.ifNoneMatch],
    responses: FILE_RESPONSES,
    problems: ['route_not_found'],
  },
} as const satisfies RouteDocs;

/** Documentation of all routes. A missing route does not compile. */
export const ROUTE_DOCS: Readonly<Record<RouteKey, RouteDoc>> = {
  ...TASK_ROUTES,
  ...BATCH_ROUTES,
  ...UPLOAD_ROUTES,
  ...MODEL_ROUTES,
  ...STATS_ROUTES,
  ...STEERING_ROUTES,
  ...WEBHOOK_ROUTES,
  ...INSTANCE_ROUTES,
  ...GATEWAY_ROUTES,
  ...OPERATION_ROUTES,
  ...USER_ROUTES,
  ...DOCUMENT_ROUTES,
};
