import { ROUTES, type Route } from '../http/routes.ts';
import { ROUTE_DOCS } from './fixed-routes.ts';
import { HEADER_COMPONENTS, PARAMETER_COMPONENTS } from './headers.ts';
import { type MessageSchemas, messageSchemas } from './message-schemas.ts';
import { type DocumentedModel, modelOperation, SUBMIT_PROBLEMS } from './model-operations.ts';
import { problemResponses } from './problem-responses.ts';
import { usedComponents } from './prune.ts';
import type { Json } from './references.ts';
import { FIXED_TAGS, type ModelHandler, type RouteDoc } from './route-doc.ts';
import { SCHEMA_COMPONENTS } from './schemas.ts';

/** The version of the HTTP contract, not of this software. */
const API_VERSION = '1.0.0';

const INFO = {
  title: 'Modelyard',
  version: API_VERSION,
  description:
    'Machine-learning models behind HTTP. A **task** is one prediction request to one model; every task ends as ' +
    '`succeeded`, `failed`, `canceled` or `expired`. Every error is a problem (RFC 9457). ' +
    'Each model that is active now is documented here, made from its own contract.',
  contact: { name: 'The maintainers of Modelyard' },
  license: { name: 'Apache 2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
} as const;

/** Where a component is kept while the document is written. */
interface Draft {
  readonly paths: Record<string, Record<string, Json>>;
  readonly schemas: Record<string, unknown>;
  readonly responses: Record<string, unknown>;
}

/**
 * The OpenAPI 3.1 document of the route table and of these models. Addresses in it are relative to its own, so
 * that it works below any path. Throws `UnreadableMessageError` for a contract that is malformed.
 */
export function openApiDocument(models: readonly DocumentedModel[]): Json {
  const draft: Draft = { paths: {}, schemas: { ...SCHEMA_COMPONENTS }, responses: {} };
  for (const documented of models) addModel(draft, documented);
  for (const route of ROUTES) if (!isModelRoute(route)) addFixed(draft, route);
  const { paths, schemas, responses } = draft;
  const fixed = Object.entries(FIXED_TAGS).map(([name, description]) => ({ name, description }));
  return {
    openapi: '3.1.0',
    info: INFO,
    servers: [{ url: '.', description: 'Where this document comes from.' }],
    security: [],
    tags: [...models.map(({ model: { name, description } }) => ({ name, description })), ...fixed],
    paths,
    components: usedComponents(
      { paths },
      { schemas, responses, parameters: PARAMETER_COMPONENTS, headers: HEADER_COMPONENTS },
    ),
  };
}

const MODEL_HANDLER: ModelHandler = 'submit-task';

/** Each model documents these for itself, with its own messages. */
const isModelRoute = ({ handler }: Route): boolean => handler === MODEL_HANDLER;

function addModel(draft: Draft, documented: DocumentedModel): void {
  const messages = schemasOf(documented);
  Object.assign(draft.schemas, messages.schemas);
  for (const route of ROUTES.filter(isModelRoute)) {
    const operation = modelOperation(route, documented, messages);
    addOperation(draft, { ...route, path: pathOf(route, documented) }, { operation, problems: SUBMIT_PROBLEMS });
  }
}

const pathOf = ({ path }: Route, { model }: DocumentedModel): Route['path'] =>
  path.replace('{model}', model.name) as Route['path'];

/** Named after the model first: two models may know different types by the same name. */
function schemasOf({ model: { name }, descriptor }: DocumentedModel): MessageSchemas {
  const own = `models.${name}.`;
  return messageSchemas(descriptor, {
    refPrefix: '#/components/schemas/',
    nameOf: (typeName) => `${name}.${typeName.startsWith(own) ? typeName.slice(own.length) : typeName}`,
  });
}

function addFixed(draft: Draft, route: Route): void {
  const docs: Readonly<Record<string, RouteDoc>> = ROUTE_DOCS;
  const doc = docs[`${route.method} ${route.path}`];
  if (!doc) throw new TypeError(`Nothing is said of ${route.method} ${route.path} in the API documentation.`);
  const { summary } = route;
  const { tag, problems, description = `${summary}.`, ...operation } = doc;
  addOperation(draft, route, { operation: { ...operation, tags: [tag], summary, description }, problems });
}

interface Operation {
  readonly operation: Json;
  readonly problems: RouteDoc['problems'];
}

function addOperation({ paths, responses }: Draft, { method, path }: Route, { operation, problems }: Operation): void {
  const { byStatus, components } = problemResponses(problems);
  Object.assign(responses, components);
  paths[path] = {
    ...paths[path],
    [method.toLowerCase()]: { ...operation, responses: { ...(operation.responses as Json), ...byStatus } },
  };
}
