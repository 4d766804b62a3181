import type { Json } from './message-schemas.ts';

/** A schema of OpenAPI 3.1 in the words of 3.0, which generators of clients know in full. Parts are older already. */
export function olderSchema(schema: Json): Json {
  return withNull(withLimits(withConstant(withFormat(withReference(withoutEmptyParts(schema))))));
}

/**
 * The document with one object wherever `allOf` adds fields to a named schema: generators make a class of it, and name
 * parts without a name badly.
 */
export function mergeParts(document: Json): Json {
  const schemas = (document.components as { readonly schemas: Readonly<Record<string, Json>> }).schemas;
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const { allOf } = value as Json;
    const isMixed = Array.isArray(allOf) && (allOf as readonly Json[]).some(({ $ref }) => $ref === undefined);
    const merged = isMixed ? flat(value as Json) : value;
    return Object.fromEntries(Object.entries(merged).map(([key, member]) => [key, visit(member)]));
  };
  const flat = ({ $ref, allOf = [], ...rest }: Json): Json => {
    const named = typeof $ref === 'string' ? schemas[$ref.replace('#/components/schemas/', '')] : undefined;
    return [...(named ? [flat(named)] : []), ...(allOf as readonly Json[]).map(flat), rest].reduce(merge);
  };
  return visit(document) as Json;
}

const merge = (one: Json, other: Json): Json => ({
  ...{ ...one, ...other },
  properties: { ...(one.properties as Json), ...(other.properties as Json) },
  required: [...new Set([one.required, other.required].flatMap((names) => (names as readonly string[]) ?? []))],
});

/** A list of required fields is never empty there, and an object of which nothing is known is anything to generators. */
function withoutEmptyParts(schema: Json): Json {
  const { required, ...rest } = schema;
  const kept = Array.isArray(required) && required.length === 0 ? rest : schema;
  const { type, ...others } = kept;
  return type === 'object' && Object.keys(others).every((key) => key === 'description') ? others : kept;
}

/** Beside `$ref`, 3.0 reads nothing. */
function withReference(schema: Json): Json {
  const { $ref, ...rest } = schema;
  return typeof $ref === 'string' && Object.keys(rest).length > 0 ? { ...rest, allOf: [{ $ref }] } : schema;
}

function withConstant(schema: Json): Json {
  const { const: constant, ...rest } = schema;
  return typeof constant === 'string' ? { ...rest, enum: [constant] } : schema;
}

/** 3.0 has a format for base64 and nothing for names of fields. */
function withFormat(schema: Json): Json {
  const { contentEncoding, propertyNames, ...rest } = schema;
  if (contentEncoding === 'base64') return { ...rest, format: 'byte' };
  return propertyNames === undefined || schema.type !== 'object' ? schema : rest;
}

function withLimits(schema: Json): Json {
  const { exclusiveMinimum } = schema;
  return typeof exclusiveMinimum === 'number'
    ? { ...schema, minimum: exclusiveMinimum, exclusiveMinimum: true }
    : schema;
}

/** The only value is null. */
const NULL: Json = { type: 'string', nullable: true, enum: [null] };

/** Parts of an alternative have been converted before. */
const isNull = ({ type, enum: values }: Json): boolean =>
  type === 'null' || (Array.isArray(values) && values[0] === null);

/** The type null is the flag `nullable`, and one of several types is anything. */
function withNull(schema: Json): Json {
  const { type, anyOf, ...rest } = schema;
  if (type === 'null') return { ...rest, ...NULL };
  if (Array.isArray(type)) {
    const types = type.filter((name) => name !== 'null');
    return {
      ...rest,
      ...(types.length === 1 ? { type: types[0] } : {}),
      ...(types.length < type.length ? { nullable: true } : {}),
    };
  }
  if (!Array.isArray(anyOf)) return schema;
  const parts = anyOf as readonly Json[];
  const [part, ...others] = parts.filter((each) => !isNull(each));
  if (parts.every((each) => !isNull(each)) || !part) return schema;
  if (others.length === 0 && 'type' in part) return { ...rest, ...part, nullable: true };
  return { ...rest, anyOf: [part, ...others, NULL] };
}
