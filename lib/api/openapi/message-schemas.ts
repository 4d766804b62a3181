import { type Contract, type JsonSchema, type Side, schemaSetOf } from '#contract';
import { renameReferences } from './references.ts';

/** Both messages of a contract as named schemas that stand side by side. */
export interface MessageSchemas {
  /** The name of the schema of each message. */
  readonly request: string;
  readonly response: string;
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

interface Naming {
  /** What references to the schemas start with. */
  readonly refPrefix: string;
  /** A name for the schema of a type; the same for the same type. @default its full name */
  readonly nameOf?: (typeName: string) => string;
}

/**
 * Describes both messages in one set. A message that is part of both is described twice, as `…-Input` and as
 * `…-Output`, because requests may leave out what responses always have. Names depend on the contract alone.
 * Throws `UnreadableMessageError` for a contract that is malformed.
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

/** Enums look the same on both sides. */
const isEnum = (schema: JsonSchema | undefined): boolean => schema !== undefined && 'enum' in schema;
