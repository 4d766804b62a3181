import { INTEGER_RANGES, type IntegerType, isInteger, isWide, MAX_FLOAT } from '../codec/ranges.ts';
import type { Contract } from '../contract.ts';
import type { FieldDescriptor, ScalarType, ValueType } from '../descriptor/model.ts';
import { type TypeIndex, typesOf } from '../descriptor/type-index.ts';

/** A JSON Schema (2020-12), or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Requests accept more forms than responses have. */
export type Side = 'request' | 'response';

/** The JSON form of one scalar value. */
export function scalarSchema(type: ScalarType, side: Side): JsonSchema {
  if (isInteger(type)) return isWide(type) ? wideSchema(type, side) : integerSchema(type);
  if (type === 'double') return numberSchema({ type: 'number', format: 'double' });
  if (type === 'float')
    return numberSchema({ type: 'number', format: 'float', minimum: -MAX_FLOAT, maximum: MAX_FLOAT });
  if (type === 'bool') return { type: 'boolean' };
  if (type === 'bytes') return { type: 'string', contentEncoding: 'base64', pattern: BASE64 };
  return { type: 'string' };
}

const BASE64 = '^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$';

const integerSchema = (type: IntegerType): JsonSchema => {
  const [minimum, maximum] = INTEGER_RANGES[type];
  return {
    type: 'integer',
    format: type.startsWith('u') || type === 'fixed32' ? 'uint32' : 'int32',
    minimum: Number(minimum),
    maximum: Number(maximum),
  };
};

/** Strings in responses, because most JSON parsers lose digits of 64-bit integers. Requests accept both. */
function wideSchema(type: IntegerType, side: Side): JsonSchema {
  const unsigned = INTEGER_RANGES[type][0] === 0n;
  const text = {
    type: 'string',
    format: unsigned ? 'uint64' : 'int64',
    pattern: unsigned ? '^[0-9]{1,20}$' : '^-?[0-9]{1,19}$',
  };
  if (side === 'response') return text;
  return { anyOf: [text, { type: 'integer', ...(unsigned ? { minimum: 0 } : {}) }] };
}

const numberSchema = (finite: JsonSchema): JsonSchema => ({
  anyOf: [finite, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }],
});

/** The pattern of map keys; undefined for any text. */
export function keySchema(type: ScalarType): JsonSchema | undefined {
  if (type === 'bool') return { enum: ['true', 'false'] };
  if (!isInteger(type)) return undefined;
  return { pattern: INTEGER_RANGES[type][0] === 0n ? '^[0-9]+$' : '^-?[0-9]+$' };
}

/** The default of a field without presence, in JSON. */
export function scalarDefault(type: ScalarType): string | number | boolean {
  if (type === 'bool') return false;
  if (type === 'string' || type === 'bytes') return '';
  return isWide(type) ? '0' : 0;
}

/** An example: the default, or sample text and bytes, because empty values are often rejected. */
function scalarExample(type: ScalarType): string | number | boolean {
  if (type === 'string') return SAMPLE_TEXT;
  return type === 'bytes' ? Buffer.from(SAMPLE_TEXT).toString('base64') : scalarDefault(type);
}

const SAMPLE_TEXT = 'example';

/** Schema and example of a google/protobuf message with its own JSON form. */
export interface WellKnown {
  readonly schema: JsonSchema;
  readonly example: unknown;
}

const FIXED: Readonly<Record<string, WellKnown>> = {
  Timestamp: { schema: { type: 'string', format: 'date-time' }, example: '1970-01-01T00:00:00Z' },
  Duration: {
    schema: {
      type: 'string',
      pattern: '^-?[0-9]{1,12}(?:\\.[0-9]{1,9})?s$',
      description: 'Seconds, for example "1.5s".',
    },
    example: '0s',
  },
  FieldMask: {
    schema: { type: 'string', description: 'Field paths in lowerCamelCase, separated by commas.' },
    example: '',
  },
  Struct: { schema: { type: 'object' }, example: {} },
  Value: { schema: { description: 'Any JSON value.' }, example: null },
  ListValue: { schema: { type: 'array', items: {} }, example: [] },
  NullValue: { schema: { type: 'null' }, example: null },
  Empty: { schema: { type: 'object', additionalProperties: false }, example: {} },
  Any: {
    schema: {
      type: 'object',
      properties: { '@type': { type: 'string', description: 'The address of the type, ending in its full name.' } },
    },
    example: {},
  },
};

const WRAPPED: Readonly<Record<string, ScalarType>> = {
  DoubleValue: 'double',
  FloatValue: 'float',
  Int64Value: 'int64',
  UInt64Value: 'uint64',
  Int32Value: 'int32',
  UInt32Value: 'uint32',
  BoolValue: 'bool',
  StringValue: 'string',
  BytesValue: 'bytes',
};

/** Undefined for types with the normal JSON form. */
export function wellKnown(typeName: string, side: Side): WellKnown | undefined {
  const name = /^google\.protobuf\.(\w+)$/.exec(typeName)?.[1] ?? '';
  const scalar = Object.hasOwn(WRAPPED, name) ? WRAPPED[name] : undefined;
  if (scalar !== undefined) return { schema: scalarSchema(scalar, side), example: scalarExample(scalar) };
  return Object.hasOwn(FIXED, name) ? FIXED[name] : undefined;
}

/**
 * An example body with every field: defaults, and sample text instead of empty text. `fromJson` accepts it. It has the
 * first member of a oneof, one element of lists and maps, and one level of recursive types. Throws
 * `UnreadableMessageError` for a malformed contract.
 */
export function exampleOf(contract: Contract, side: Side): unknown {
  const root = side === 'request' ? contract.requestMessage : contract.responseMessage;
  return messageExample(root, typesOf(contract), []);
}

function messageExample(typeName: string, types: TypeIndex, inside: readonly string[]): unknown {
  const known = wellKnown(typeName, 'response');
  if (known) return known.example;
  const shown = new Set<string>();
  const members = types.message(typeName).fields.flatMap((field): readonly (readonly [string, unknown])[] => {
    if (isRecursive(field.type, [...inside, typeName])) return field.presence ? [] : [[field.name, emptyOf(field)]];
    if (field.oneof !== undefined && shown.has(field.oneof)) return [];
    if (field.oneof !== undefined) shown.add(field.oneof);
    return [[field.name, fieldExample(field, types, [...inside, typeName])]];
  });
  return Object.fromEntries(members);
}

const isRecursive = (type: ValueType, inside: readonly string[]): boolean =>
  type.kind === 'message' && inside.includes(type.typeName);

const emptyOf = ({ cardinality }: FieldDescriptor): unknown => (cardinality === 'map' ? {} : []);

function fieldExample(field: FieldDescriptor, types: TypeIndex, inside: readonly string[]): unknown {
  const value = valueExample(field.type, types, inside);
  if (field.cardinality === 'single') return value;
  return field.cardinality === 'repeated' ? [value] : { [keyExample(field.keyType ?? 'string')]: value };
}

function valueExample(type: ValueType, types: TypeIndex, inside: readonly string[]): unknown {
  if (type.kind === 'scalar') return scalarExample(type.scalar);
  if (type.kind === 'message') return messageExample(type.typeName, types, inside);
  if (type.typeName === 'google.protobuf.NullValue') return null;
  return types.enum(type.typeName).values.find(({ number }) => number === 0)?.name ?? 0;
}

const keyExample = (type: ScalarType): string => (type === 'string' ? 'key' : String(scalarExample(type)));
