import type { LifecycleRoute } from '../http/lifecycle-routes.ts';
import { FILE_TYPES, JSON_TYPE } from '../http/negotiation.ts';
import { LIFECYCLE_BODIES } from './lifecycle-bodies.ts';
import type { Json } from './message-schemas.ts';
import { jsonResponse, pathParameter, queryParameter, type RouteDoc } from './route-doc.ts';

const ANY_OBJECT: Json = { type: 'object', additionalProperties: true };
const CHANGES = ['POST', 'PUT', 'PATCH'];

/** The documentation of a route of the lifecycle, written from its row. `docs/lifecycle.md` has the bodies. */
export function lifecycleDoc({ method, path, summary, takesFiles }: LifecycleRoute): RouteDoc {
  const names = [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name = '']) => name);
  const isList = method === 'GET' && !path.endsWith('}');
  return {
    operationId: `${method.toLowerCase()}_${path.replace(/\W+/g, '_').replace(/^_|_$/g, '')}`,
    tag: 'Lifecycle',
    description: `${summary}.`,
    parameters: [
      ...names.map((name) => pathParameter(name, `The ${name.replaceAll('_', ' ')}.`)),
      ...(isList ? [queryParameter('limit', 'How many to list.', { type: 'integer', minimum: 1, maximum: 1000 })] : []),
    ],
    ...(CHANGES.includes(method)
      ? { requestBody: { required: !path.endsWith('/rollback'), content: contentOf(`${method} ${path}`, takesFiles) } }
      : {}),
    responses: {
      '200': jsonResponse('The answer.', ANY_OBJECT),
      ...(method === 'POST' ? { '202': jsonResponse('The task that does the work.', ANY_OBJECT) } : {}),
    },
    problems: [
      ...(names.includes('model') ? (['model_not_found'] as const) : []),
      ...(['invalid_request', 'invalid_input', 'resource_not_found', 'store_unavailable'] as const),
    ],
  };
}

const contentOf = (route: string, takesFiles = false): Json => ({
  [JSON_TYPE]: { schema: LIFECYCLE_BODIES[route] ?? ANY_OBJECT },
  ...(takesFiles ? Object.fromEntries(FILE_TYPES.map((type) => [type, { schema: { type: 'string' } }])) : {}),
});
