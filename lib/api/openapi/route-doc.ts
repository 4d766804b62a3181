import type { ErrorCode } from '#core';
import { JSON_TYPE, PROBLEM_TYPE } from '../http/media-types.ts';
import type { HandlerName, ROUTES } from '../http/routes.ts';
import { HEADERS } from './headers.ts';
import type { Json } from './references.ts';

/** What fixed routes are listed under. Models have a tag of their own. */
export const FIXED_TAGS = {
  Tasks: 'What became of prediction requests.',
  Models: 'Who is there to answer, and what they speak.',
  Instances: 'The running copies of models.',
  'Gateway style': 'The same, as people know it from other systems.',
  Operations: 'How the system is.',
  Documentation: 'This.',
} as const;

/** What the API documentation says of a route beyond the route table. */
export interface RouteDoc {
  /** Unique, snake_case; becomes a function name in generated clients. */
  readonly operationId: string;
  readonly tag: keyof typeof FIXED_TAGS;
  readonly description?: string;
  readonly parameters?: readonly Json[];
  readonly requestBody?: Json;
  /** By status; problems aside. */
  readonly responses: Json;
  /** What can go wrong, beyond what can with every request. */
  readonly problems: readonly ErrorCode[];
}

/** The routes that a model documents anew for itself. */
export type ModelHandler = 'submit-task';

type KeyOf<R> = R extends { method: infer M extends string; path: infer P extends string; handler: HandlerName }
  ? R['handler'] extends ModelHandler
    ? never
    : `${M} ${P}`
  : never;

/** Every other route of the table, as `GET /tasks`. */
export type RouteKey = KeyOf<(typeof ROUTES)[number]>;

/** Docs of some of the routes; a key that is not in the table does not compile. */
export type RouteDocs = Partial<Record<RouteKey, RouteDoc>>;

/** The reference to a schema. */
export const schemaRef = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/** An answer in JSON. */
export const jsonResponse = (description: string, schema: Json, headers: Json = {}): Json => ({
  description,
  headers: { ...HEADERS.requestId, ...headers },
  content: { [JSON_TYPE]: { schema } },
});

/** An answer in several forms. */
export const response = (description: string, content: Json, headers: Json = {}): Json => ({
  description,
  headers: { ...HEADERS.requestId, ...headers },
  content,
});

/** A problem that needs words of its own. */
export const problemResponse = (description: string): Json =>
  response(description, { [PROBLEM_TYPE]: { schema: schemaRef('Problem') } });

/** An answer without a body. */
export const emptyResponse = (description: string, headers: Json = {}): Json => ({
  description,
  headers: { ...HEADERS.requestId, ...headers },
});

/** The bytes of a protobuf message. */
export const binarySchema = (mediaType: string, description: string): Json => ({
  type: 'string',
  contentMediaType: mediaType,
  description,
});

/** A parameter in the path. */
export const pathParameter = (name: string, description: string, schema: Json = { type: 'string' }): Json => ({
  name,
  in: 'path',
  required: true,
  description,
  schema,
});

/** A parameter in the query. */
export const queryParameter = (name: string, description: string, schema: Json, required = false): Json => ({
  name,
  in: 'query',
  required,
  description,
  schema,
});
