import { JSON_TYPE } from '../http/negotiation.ts';
import { type Json, withoutDefaults } from './message-schemas.ts';
import { mergeParts, olderSchema } from './older-schema.ts';

/**
 * The document for generators of clients, which refuse or ignore the rest: in OpenAPI 3.0, with JSON alone wherever a
 * body may also be something else, and with plain numbers.
 */
export function jsonOnly(document: Json): Json {
  const plain = visit(mergeParts(document)) as Json & { readonly components: Json };
  const schemas = withOwnTitles(plain.components.schemas as Readonly<Record<string, Json>>);
  return { ...plain, components: { ...plain.components, schemas }, openapi: '3.0.3', servers: [SERVER] };
}

/** Generators name classes by title. Two with one name would replace each other, so these go by their full names. */
function withOwnTitles(schemas: Readonly<Record<string, Json>>): Json {
  const titles = Object.values(schemas).map(({ title }) => title);
  const isOwn = (title: unknown) => titles.indexOf(title) === titles.lastIndexOf(title);
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { title, ...schema }]) => [name, isOwn(title) ? { title, ...schema } : schema]),
  );
}

/** Generators warn of a relative URL. Every client sets its own. */
const SERVER = {
  url: '{origin}',
  description: 'The server that a client calls.',
  variables: { origin: { default: 'http://localhost:8000', description: 'Where the API is.' } },
};

function visit(value: unknown, isResponse = false): unknown {
  if (Array.isArray(value)) return value.map((item) => visit(item, isResponse));
  if (typeof value !== 'object' || value === null) return value;
  return olderSchema(
    Object.fromEntries(
      // With a default, generators make a field required.
      Object.entries(withoutDefaults(plainNumber(value as Json))).map(([key, member]) => [
        key,
        key === 'content' ? contentOf(member, isResponse) : visit(member, isResponse || key === 'responses'),
      ]),
    ),
  );
}

/** Also the field of a schema may be named so; a content has media types. */
function contentOf(content: unknown, isResponse: boolean): unknown {
  if (typeof content !== 'object' || content === null) return content;
  const all = Object.entries(content as Json);
  const json = all.filter(([type]) => type === JSON_TYPE);
  return Object.fromEntries(
    (json.length > 0 ? json : all).map(([type, member]) => {
      const { example, examples, ...rest } = member as Json;
      // A null in an example does not fit a reference that is `nullable`, by the letter of 3.0.
      const kept = isResponse ? rest : member;
      // Lines of JSON are a text to them.
      return [type === LINES ? 'text/plain' : type, visit(kept, isResponse)];
    }),
  );
}

const LINES = 'application/x-ndjson';

/** NaN and the infinities are texts in JSON. The default of a union of them does not compile in clients for Go. */
function plainNumber(schema: Json): Json {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return schema;
  const parts = anyOf as readonly Json[];
  const number = parts.find(({ type }) => type === 'number');
  const hasTexts = parts.some((part) => Array.isArray(part.enum) && part.enum.includes('NaN'));
  return number && hasTexts && parts.length === 2 ? { ...rest, ...number } : schema;
}
