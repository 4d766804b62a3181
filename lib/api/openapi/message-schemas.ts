import { type Contract, type JsonSchema, type Side, schemaSetOf } from '#contract';
import { renameReferences } from './references.ts';

/** Both messages of a contract as named schemas. */
export interface MessageSchemas {
  /** Schema names of the messages. */
  readonly request: string;
  readonly response: string;
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

interface Naming {
  /** The prefix of references. */
  readonly refPrefix: string;
  /** The schema name of a type. @default its full name */
  readonly nameOf?: (typeName: string) => string;
}

/**
 * Describes both messages in one set. A message that both use gets two schemas, `…-Input` and `…-Output`, because
 * requests may omit fields that responses always have. Names depend only on the contract. Throws
 * `UnreadableMessageError` for a malformed contract.
 */
export function messageSchemas(
  contract: Contract,
  { refPrefix, nameOf = (typeName) => typeName }: Naming,
): MessageSchemas {
  const sets = { request: schemaSetOf(contract, 'request', ''), response: schemaSetOf(contract, 'response', '') };
  const isShared = (typeName: string): boolean =>
    [sets.request, sets.response].every(
      ({ definitions }) => Object.hasOwn(definitions, typeName) && !isEnum(definitions[typeName]),
    );
  const named = (side: Side) => (typeName: string) => `${nameOf(typeName)}${isShared(typeName) ? SUFFIX[side] : ''}`;
  const renamed = (side: Side): readonly (readonly [string, JsonSchema])[] =>
    Object.entries(sets[side].definitions).map(([typeName, schema]) => [
      named(side)(typeName),
      renameReferences(schema, (reference) => refPrefix + named(side)(reference)) as JsonSchema,
    ]);
  return {
    request: named('request')(sets.request.root),
    response: named('response')(sets.response.root),
    schemas: Object.fromEntries([...renamed('request'), ...renamed('response')]),
  };
}

const SUFFIX = { request: '-Input', response: '-Output' } as const satisfies Record<Side, string>;

/** Enums are equal on both sides. */
const isEnum = (schema: JsonSchema | undefined): boolean => schema !== undefined && 'enum' in schema;
