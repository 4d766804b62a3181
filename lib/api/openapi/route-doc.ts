import { type ErrorCode, MAX_MODEL_NAME_LENGTH } from '#core';
import { JSON_TYPE, PROBLEM_TYPE } from '../http/negotiation.ts';
import type { HandlerName, ROUTES } from '../http/routes.ts';
import { HEADERS } from './headers.ts';
import type { Json } from './message-schemas.ts';

/** Tags of fixed routes. Each model has its own tag. */
export const FIXED_TAGS = {
  Tasks: 'Tasks and their results',
  Models: 'Models, their contracts and limits',
  Instances: 'Running instances of models',
  'Gateway style': 'The same operations in the shape of common model gateways',
  Users: 'Login, API keys and users',
  Lifecycle: 'From data to a served version',
  Operations: 'Health and metrics',
  Documentation: 'API documentation',
} as const;

/** Documentation of a route besides the route table. */
export interface RouteDoc {
  /** Unique, snake_case; becomes a function name in generated clients. */
  readonly operationId: string;
  readonly tag: keyof typeof FIXED_TAGS;
  readonly description?: string;
  readonly parameters?: readonly Json[];
  readonly requestBody?: Json;
  /** By status, without problems. */
  readonly responses: Json;
  /** Besides those of every request. */
  readonly problems: readonly ErrorCode[];
}

/** Problems of a route that takes a body. */
export const BODY_PROBLEMS = [
  'unreadable_body',
  'invalid_input',
  'body_too_large',
  'unsupported_media_type',
] as const satisfies readonly ErrorCode[];

/** Handlers whose routes are documented once per model. */
export type ModelHandler = 'submit-task';

type KeyOf<R> = R extends { method: infer M extends string; path: infer P extends string; handler: HandlerName }
  ? R['handler'] extends ModelHandler
    ? never
    : `${M} ${P}`
  : never;

/** For example `GET /tasks`. */
export type RouteKey = KeyOf<(typeof ROUTES)[number]>;

/** A key that is not in the route table does not compile. */
export type RouteDocs = Partial<Record<RouteKey, RouteDoc>>;

export const schemaRef = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

export const jsonResponse = (description: string, schema: Json, headers: Json = {}): Json => ({
  description,
  headers: { ...HEADERS.requestId, ...headers },
  content: { [JSON_TYPE]: { schema } },
});

/** With several media types. */
export const response = (description: string, content: Json, headers: Json = {}): Json => ({
  description,
  headers: { ...HEADERS.requestId, ...headers },
  content,
});

export const problemResponse = (description: string): Json =>
  response(description, { [PROBLEM_TYPE]: { schema: schemaRef('Problem') } });

export const emptyResponse = (description: string, headers: Json = {}): Json => ({
  description,
  headers: { ...HEADERS.requestId, ...headers },
});

export const binarySchema = (mediaType: string, description: string): Json => ({
  type: 'string',
  contentMediaType: mediaType,
  description,
});

export const pathParameter = (name: string, description: string, schema: Json = { type: 'string' }): Json => ({
  name,
  in: 'path',
  required: true,
  description,
  schema,
});

export const MODEL_PARAMETER = pathParameter('model', 'The name of the model.', {
  type: 'string',
  maxLength: MAX_MODEL_NAME_LENGTH,
});

export const TASK_PARAMETER = pathParameter('id', 'The id of the task.');

export const queryParameter = (name: string, description: string, schema: Json, required = false): Json => ({
  name,
  in: 'query',
  required,
  description,
  schema,
});
