import { type Contract, type JsonSchema, type Side, schemaSetOf } from '#contract';

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
      renameReferences(
        side === 'response' ? withoutDefaults(schema) : schema,
        (reference) => refPrefix + named(side)(reference),
      ) as JsonSchema,
    ]);
  return {
    request: named('request')(sets.request.root),
    response: named('response')(sets.response.root),
    schemas: Object.fromEntries([...renamed('request'), ...renamed('response')]),
  };
}

/** Responses always have their fields: a default would make generators warn, or make the field optional. */
export function withoutDefaults(schema: JsonSchema): JsonSchema {
  if (typeof schema.properties !== 'object' || schema.properties === null) return schema;
  const properties = Object.entries(schema.properties as Readonly<Record<string, JsonSchema>>).map(
    ([name, { default: _, ...property }]) => [name, property],
  );
  return { ...schema, properties: Object.fromEntries(properties) };
}

const SUFFIX = { request: '-Input', response: '-Output' } as const satisfies Record<Side, string>;

/** Enums are equal on both sides. */
const isEnum = (schema: JsonSchema | undefined): boolean => schema !== undefined && 'enum' in schema;

/** An immutable JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Renames every `$ref` of a value. */
function renameReferences(value: unknown, rename: (reference: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' ? rename(member) : renameReferences(member, rename),
    ]),
  );
}

/** Every `$ref` of a value. */
function referencesIn(value: unknown): readonly string[] {
  const found: string[] = [];
  renameReferences(value, (reference) => {
    found.push(reference);
    return reference;
  });
  return found;
}

type Components = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const PREFIX = '#/components/';

/** The components that the document references, directly or indirectly. */
export function usedComponents(document: Json, components: Components): Components {
  const used = new Set<string>();
  const pending = [...referencesIn(document)];
  for (let reference = pending.pop(); reference !== undefined; reference = pending.pop()) {
    if (used.has(reference)) continue;
    used.add(reference);
    const [kind = '', name = ''] = reference.slice(PREFIX.length).split('/');
    pending.push(...referencesIn(components[kind]?.[name]));
  }
  const kept = Object.entries(components).map(([kind, all]) => [
    kind,
    Object.fromEntries(Object.entries(all).filter(([name]) => used.has(`${PREFIX}${kind}/${name}`))),
  ]);
  return Object.fromEntries(kept);
}
