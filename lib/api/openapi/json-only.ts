import { JSON_TYPE } from '../http/negotiation.ts';
import type { Json } from './message-schemas.ts';

/**
 * The document with JSON alone wherever a body may also be something else, and with plain numbers. Generators of clients
 * refuse or ignore other types.
 */
export const jsonOnly = (document: Json): Json => ({ ...(visit(document) as Json), servers: [SERVER] });

/** Generators warn of a relative URL. Every client sets its own. */
const SERVER = {
  url: '{origin}',
  description: 'The server that a client calls.',
  variables: { origin: { default: 'http://localhost:8000', description: 'Where the API is.' } },
};

function visit(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(visit);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(plainNumber(value as Json)).map(([key, member]) => [
      key,
      key === 'content' ? contentOf(member) : visit(member),
    ]),
  );
}

/** Also the field of a schema may be named so; a content has media types. */
function contentOf(content: unknown): unknown {
  if (typeof content !== 'object' || content === null) return content;
  if (Object.hasOwn(content, JSON_TYPE)) return { [JSON_TYPE]: visit((content as Json)[JSON_TYPE]) };
  // Lines of JSON are a text to them.
  return Object.fromEntries(
    Object.entries(content).map(([type, member]) => [type === LINES ? 'text/plain' : type, visit(member)]),
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
