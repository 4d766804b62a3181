import { publicName } from '#core';
import { LIFECYCLE_ROUTES } from '../http/lifecycle-routes.ts';
import { ROUTES, type Route } from '../http/routes.ts';
import { ROUTE_DOCS } from './fixed-routes.ts';
import { HEADER_COMPONENTS, PARAMETER_COMPONENTS } from './headers.ts';
import { lifecycleDoc } from './lifecycle-docs.ts';
import { type Json, type MessageSchemas, messageSchemas, usedComponents } from './message-schemas.ts';
import { type DocumentedModel, modelOperation, SUBMIT_PROBLEMS } from './model-operations.ts';
import { problemResponses } from './problem-responses.ts';
import { FIXED_TAGS, type ModelHandler, type RouteDoc } from './route-doc.ts';
import { summaryOf } from './route-summaries.ts';
import { SCHEMA_COMPONENTS } from './schemas.ts';

/** The version of the HTTP API, independent of the package version. */
const API_VERSION = '1.0.0';

const INFO = {
  title: 'Modelyard',
  version: API_VERSION,
  description:
    'Machine-learning models behind an HTTP API. A **task** is one prediction request to one model; every task ends as ' +
    '`succeeded`, `failed`, `canceled` or `expired`. Every error is a problem (RFC 9457). ' +
    'The operations of the active models are generated from their contracts.',
  contact: { name: 'The maintainers of Modelyard' },
  license: { name: 'Apache 2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
} as const;

const BEARER = 'bearer';
const PASSWORD = 'password';
const SECURITY_SCHEMES = {
  [BEARER]: { type: 'http', scheme: 'bearer', description: 'A token or an API key. Not needed with `AUTH=none`.' },
  [PASSWORD]: {
    type: 'oauth2',
    description: 'A user name and a password, with `AUTH=jwt`.',
    flows: { password: { tokenUrl: './login', scopes: {} } },
  },
} as const;

/** Collects components while the document is written. */
interface Draft {
  readonly paths: Record<string, Record<string, Json>>;
  readonly schemas: Record<string, unknown>;
  readonly responses: Record<string, unknown>;
}

/**
 * The OpenAPI 3.1 document of the routes and models. Its server URL is relative, so it works below any path. Throws
 * `UnreadableMessageError` for a malformed contract.
 */
export function openApiDocument(models: readonly DocumentedModel[], { hasLifecycle = false } = {}): Json {
  const draft: Draft = { paths: {}, schemas: { ...SCHEMA_COMPONENTS }, responses: {} };
  for (const documented of models) addModel(draft, documented);
  for (const route of ROUTES) if (!isModelRoute(route)) addFixed(draft, route);
  if (hasLifecycle) {
    for (const route of LIFECYCLE_ROUTES.filter(isDescribable)) addDocumented(draft, route, lifecycleDoc(route));
  }
  const { paths, schemas, responses } = draft;
  const fixed = Object.entries(FIXED_TAGS).map(([name, description]) => ({ name, description }));
  return {
    openapi: '3.1.0',
    info: INFO,
    servers: [{ url: '.', description: 'The server of this document.' }],
    // Routes without `security` of their own are public.
    security: [],
    tags: [...models.map(({ model: { name, description } }) => ({ name, description })), ...fixed],
    paths,
    components: {
      ...usedComponents(
        { paths },
        { schemas, responses, parameters: PARAMETER_COMPONENTS, headers: HEADER_COMPONENTS },
      ),
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

const MODEL_HANDLER: ModelHandler = 'submit-task';

/** OpenAPI has no parameter for the rest of a path. MLflow, whose routes these are, documents them itself. */
const isDescribable = ({ path }: Route): boolean => !path.endsWith('+}');

/** Documented once per model, with its messages. */
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
  path.replace('{model}', publicName(model.name)) as Route['path'];

/** The model's name comes first, because different models may use the same type names. */
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
  if (!doc) throw new TypeError(`The API documentation lacks ${route.method} ${route.path}.`);
  addDocumented(draft, route, doc);
}

function addDocumented(draft: Draft, route: Route, doc: RouteDoc): void {
  const summary = summaryOf(route);
  const { tag, problems, description = `${summary}.`, ...operation } = doc;
  addOperation(draft, route, { operation: { ...operation, tags: [tag], summary, description }, problems });
}

interface Operation {
  readonly operation: Json;
  readonly problems: RouteDoc['problems'];
}

function addOperation(
  { paths, responses }: Draft,
  { method, path, role }: Route,
  { operation, problems }: Operation,
): void {
  const isPublic = role === 'public';
  const { byStatus, components } = problemResponses(
    isPublic ? problems : ['unauthenticated', 'forbidden', ...problems],
  );
  Object.assign(responses, components);
  paths[path] = {
    ...paths[path],
    [method.toLowerCase()]: {
      ...operation,
      ...(isPublic ? {} : { security: [{ [BEARER]: [] }, { [PASSWORD]: [] }] }),
      responses: { ...(operation.responses as Json), ...byStatus },
    },
  };
}
