import { JSON_TYPE } from '../http/negotiation.ts';
import type { Json } from './message-schemas.ts';

/**
 * The document with JSON alone wherever a body may also be something else. Generators of clients refuse or ignore other
 * types.
 */
export const jsonOnly = (document: Json): Json => visit(document) as Json;

function visit(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(visit);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, key === 'content' ? contentOf(member) : visit(member)]),
  );
}

/** Also the field of a schema may be named so; a content has media types. */
function contentOf(content: unknown): unknown {
  if (typeof content !== 'object' || content === null || !Object.hasOwn(content, JSON_TYPE)) return visit(content);
  return { [JSON_TYPE]: visit((content as Json)[JSON_TYPE]) };
}
